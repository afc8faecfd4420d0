package sight

// Chunk makes a chunk of a PNG file.
func Chunk(id string, body []byte) []byte { return appendChunk(nil, id, body) }

// Frames reads raw frames from what ffmpeg writes.
var Frames = frames
