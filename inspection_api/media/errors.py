"""What can be wrong with an upload."""

from __future__ import annotations

from inspection_api.core.errors import (
    Conflict,
    Gone,
    Invalid,
    Locked,
    Malformed,
    NotFound,
    PreconditionFailed,
    Problem,
    TooLarge,
    Unsupported,
)


class MediaNotFound(NotFound):
    """No such media, or somebody else's."""

    code = "media_not_found"
    title = "找不到该媒体文件"


class TusVersionUnknown(PreconditionFailed):
    """``Tus-Resumable`` names a version that we do not speak."""

    code = "tus_version_unknown"
    title = "上传协议版本不受支持，请使用 tus 1.0.0"


class UploadHeaderInvalid(Malformed):
    """A tus header is missing or malformed (400)."""

    code = "upload_header_invalid"
    title = "上传请求头有误"


class ChecksumUnknown(Malformed):
    """``Upload-Checksum`` names an algorithm that we do not speak (400, tus checksum extension)."""

    code = "checksum_algorithm_unknown"
    title = "不支持该校验算法，请使用 sha1 或 sha256"


class ChecksumMismatch(Problem):
    """The chunk's bytes do not have the announced checksum; they were thrown away (460, tus checksum extension)."""

    code = "checksum_mismatch"
    title = "数据块校验失败，请重新发送"


class MediaTypeUnknown(Invalid):
    """The declared type is none that we keep."""

    code = "media_type_unknown"
    title = "不支持该媒体类型"


class MediaTooLarge(TooLarge):
    """Larger than its kind may be, or more bytes than were declared."""

    code = "media_too_large"
    title = "媒体文件超过大小限制"


class OffsetMismatch(Conflict):
    """``Upload-Offset`` is not where the upload stands."""

    code = "offset_mismatch"
    title = "上传位置不一致，请重新查询进度"


class UploadBusy(Locked):
    """Another request is writing this upload."""

    code = "upload_busy"
    title = "该文件正由另一个请求上传"


class DeclarationDiffers(Conflict):
    """The same id was declared before with other facts; the first declaration stands."""

    code = "media_declaration_differs"
    title = "同一编号的媒体已按不同内容登记"


class MediaRefused(Gone):
    """The bytes that came can never be what was declared; the media is refused for ever."""

    code = "media_refused"
    title = "媒体文件不符合要求，已拒收"


class MediaAlreadyStored(Conflict):
    """Evidence that is stored is never deleted."""

    code = "media_already_stored"
    title = "媒体已入库，不能删除"


class ContentTypeUnknown(Unsupported):
    """A chunk must come as ``application/offset+octet-stream``."""

    code = "unsupported_media_type"
    title = "数据块的内容类型须为 application/offset+octet-stream"


class MediaHashMismatch(Invalid):
    """All bytes have come, and they are others than declared; they were thrown away, the slot stays open."""

    code = "media_hash_mismatch"
    title = "文件内容与登记的 SHA-256 不符，请重新上传"


class MediaNotStored(NotFound):
    """The media is known, but its bytes have not come yet."""

    code = "media_not_stored"
    title = "媒体文件尚未上传完成"


class ThumbnailMissing(NotFound):
    """There is no thumbnail: not made yet, or the media is no image that can be shown small."""

    code = "thumbnail_missing"
    title = "缩略图不存在"


class ImageUnreadable(Invalid):
    """The bytes are no image that can be decoded."""

    code = "image_unreadable"
    title = "图片无法解码"


class ImageTooLarge(TooLarge):
    """More pixels than an image may have; seen before anything was decoded."""

    code = "image_too_large"
    title = "图片像素超过限制"
