// What a visit still lacks whose scan could not be made sure of (`indeterminate`, domain.md §3.2; vectors: weak.json).

// Of "plate_photo" and "site_proof"; media are [{item, kind}], the photo of the plate is a photo of no item.
export function weakLacks(media) {
  const hasPlate = media.some(({ item, kind }) => item === null && kind === "photo");
  const others = media.length - Number(hasPlate);
  return [!hasPlate && "plate_photo", others === 0 && "site_proof"].filter(Boolean);
}
