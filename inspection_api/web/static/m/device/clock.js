// The phone's clock (sync.md §6). A page has no boot: its monotonic clock stands still while the phone sleeps, so it
// proves nothing and is not sent.

export const stamp = (at = Date.now()) => ({ wall: new Date(at).toISOString(), mono_ms: null, boot_id: null });
