package media

// Format names a file format as a person would: one name for one kind of file.
type Format string

// Formats that are recognised.
const (
	JPEG     Format = "jpeg"
	PNG      Format = "png"
	APNG     Format = "apng"
	WebP     Format = "webp"
	GIF      Format = "gif"
	TIFF     Format = "tiff"
	AVIF     Format = "avif"
	HEIC     Format = "heic"
	HEIF     Format = "heif"
	SVG      Format = "svg"
	MP4      Format = "mp4"
	MOV      Format = "mov"
	M4A      Format = "m4a"
	MKV      Format = "mkv"
	WebM     Format = "webm"
	AVI      Format = "avi"
	FLV      Format = "flv"
	WAV      Format = "wav"
	RF64     Format = "rf64"
	MP3      Format = "mp3"
	FLAC     Format = "flac"
	Vorbis   Format = "ogg-vorbis"
	Opus     Format = "ogg-opus"
	PDF      Format = "pdf"
	DOCX     Format = "docx"
	XLSX     Format = "xlsx"
	PPTX     Format = "pptx"
	DOTX     Format = "dotx"
	XLTX     Format = "xltx"
	POTX     Format = "potx"
	EPUB     Format = "epub"
	Markdown Format = "markdown"
	HTML     Format = "html"
	GLB      Format = "glb"
	Text     Format = "text"    // no place: sidecar
	MPEGTS   Format = "mpeg-ts" // no place: sidecar
	AAC      Format = "aac"     // raw ADTS, no place: sidecar
	AMR      Format = "amr"     // no place: sidecar
	Unknown  Format = ""
)

// Modality is the kind of content that a format carries, in the terms of the Labelling Measures Art. 3.
type Modality string

// Modalities.
const (
	ModalityText  Modality = "text"
	ModalityImage Modality = "image"
	ModalityAudio Modality = "audio"
	ModalityVideo Modality = "video"
	ModalityScene Modality = "scene"
)

// FormatFacts are the fixed facts of a format.
type FormatFacts struct {
	Modality   Modality
	MIME       string
	Extensions []string // lower case, with the dot, the usual one first
}

// Facts returns what is fixed about a format, and false for a name that is no format.
func Facts(f Format) (FormatFacts, bool) {
	facts, ok := formatFacts[f]
	return facts, ok
}

// Formats lists every recognised format in the order of documentation.
func Formats() []Format {
	return []Format{
		JPEG, PNG, APNG, WebP, GIF, TIFF, AVIF, HEIC, HEIF, SVG,
		MP4, MOV, MKV, WebM, AVI, FLV, MPEGTS,
		M4A, WAV, RF64, MP3, FLAC, Vorbis, Opus, AAC, AMR,
		PDF, DOCX, XLSX, PPTX, DOTX, XLTX, POTX, EPUB, Markdown, HTML, Text, GLB,
	}
}

const ooxml = "application/vnd.openxmlformats-officedocument."

var formatFacts = map[Format]FormatFacts{
	JPEG:     {ModalityImage, "image/jpeg", []string{".jpg", ".jpeg", ".jpe", ".jfif"}},
	PNG:      {ModalityImage, "image/png", []string{".png"}},
	APNG:     {ModalityImage, "image/apng", []string{".apng", ".png"}},
	WebP:     {ModalityImage, "image/webp", []string{".webp"}},
	GIF:      {ModalityImage, "image/gif", []string{".gif"}},
	TIFF:     {ModalityImage, "image/tiff", []string{".tiff", ".tif", ".dng"}},
	AVIF:     {ModalityImage, "image/avif", []string{".avif", ".avifs"}},
	HEIC:     {ModalityImage, "image/heic", []string{".heic", ".heics", ".hif", ".heif"}},
	HEIF:     {ModalityImage, "image/heif", []string{".heif", ".heifs", ".heic"}},
	SVG:      {ModalityImage, "image/svg+xml", []string{".svg"}},
	MP4:      {ModalityVideo, "video/mp4", []string{".mp4", ".m4v", ".f4v", ".3gp"}},
	MOV:      {ModalityVideo, "video/quicktime", []string{".mov", ".qt"}},
	M4A:      {ModalityAudio, "audio/mp4", []string{".m4a", ".m4b", ".mp4"}},
	MKV:      {ModalityVideo, "video/x-matroska", []string{".mkv", ".mka", ".mks"}},
	WebM:     {ModalityVideo, "video/webm", []string{".webm", ".weba"}},
	AVI:      {ModalityVideo, "video/x-msvideo", []string{".avi"}},
	FLV:      {ModalityVideo, "video/x-flv", []string{".flv"}},
	WAV:      {ModalityAudio, "audio/wav", []string{".wav", ".wave"}},
	RF64:     {ModalityAudio, "audio/wav", []string{".wav", ".rf64", ".w64"}},
	MP3:      {ModalityAudio, "audio/mpeg", []string{".mp3"}},
	FLAC:     {ModalityAudio, "audio/flac", []string{".flac"}},
	Vorbis:   {ModalityAudio, "audio/ogg", []string{".ogg", ".oga"}},
	Opus:     {ModalityAudio, "audio/opus", []string{".opus", ".ogg"}},
	PDF:      {ModalityText, "application/pdf", []string{".pdf"}},
	DOCX:     {ModalityText, ooxml + "wordprocessingml.document", []string{".docx"}},
	XLSX:     {ModalityText, ooxml + "spreadsheetml.sheet", []string{".xlsx"}},
	PPTX:     {ModalityText, ooxml + "presentationml.presentation", []string{".pptx"}},
	DOTX:     {ModalityText, ooxml + "wordprocessingml.template", []string{".dotx"}},
	XLTX:     {ModalityText, ooxml + "spreadsheetml.template", []string{".xltx"}},
	POTX:     {ModalityText, ooxml + "presentationml.template", []string{".potx"}},
	EPUB:     {ModalityText, "application/epub+zip", []string{".epub"}},
	Markdown: {ModalityText, "text/markdown", []string{".md", ".markdown"}},
	HTML:     {ModalityText, "text/html", []string{".html", ".htm", ".xhtml"}},
	Text:     {ModalityText, "text/plain", []string{".txt", ".text", ".log", ".csv", ".json"}},
	GLB:      {ModalityScene, "model/gltf-binary", []string{".glb"}},
	MPEGTS:   {ModalityVideo, "video/mp2t", []string{".ts", ".m2ts", ".mts"}},
	AAC:      {ModalityAudio, "audio/aac", []string{".aac"}},
	AMR:      {ModalityAudio, "audio/amr", []string{".amr"}},
}
