package box

import (
	"encoding/binary"

	"github.com/colophon-project/colophon/internal/media"
)

// Kind tells from the file type box which format a file is, and "" when it has no such box or one of another family.
// It is the one place that decides between movie and picture, so that no file is claimed by both.
func Kind(head []byte) media.Format {
	major, compatible, ok := brands(head)
	if !ok {
		return media.Unknown
	}
	if f := kindOf(major); f != media.Unknown {
		return refine(f, major, compatible)
	}
	if foreign(major) {
		return media.Unknown
	}
	for _, brand := range compatible {
		if f := kindOf(brand); f != media.Unknown {
			return refine(f, brand, compatible)
		}
	}
	return media.Unknown
}

// brands reads the ftyp box at the beginning of a file.
func brands(head []byte) (major string, compatible []string, ok bool) {
	if len(head) < 16 || string(head[4:8]) != "ftyp" {
		return "", nil, false
	}
	size := int64(binary.BigEndian.Uint32(head))
	if size < 16 {
		return "", nil, false
	}
	major = string(head[8:12])
	for at := int64(16); at+4 <= min(size, int64(len(head))); at += 4 {
		compatible = append(compatible, string(head[at:at+4]))
	}
	return major, compatible, true
}

// kindOf sorts one brand (ISO/IEC 14496-12 Annex E, ISO/IEC 23008-12 clause 10, the mp4ra.org registry).
func kindOf(brand string) media.Format {
	switch brand {
	case "avif", "avis":
		return media.AVIF
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs":
		return media.HEIC
	case "mif1", "mif2", "mif3", "msf1", "avci", "avcs", "jpeg", "jpgs", "vvic", "vvis", "evbi", "evbs", "j2ki", "j2is":
		return media.HEIF
	case "qt  ":
		return media.MOV
	case "M4A ", "M4B ", "M4P ", "F4A ", "F4B ":
		return media.M4A
	case "isom", "mp41", "mp42", "mp71", "avc1", "dash", "msdh", "msix", "iso2", "iso3", "iso4", "iso5", "iso6", "iso7",
		"iso8", "iso9", "isoa", "isob", "isoc", "M4V ", "M4VH", "M4VP", "F4V ", "F4P ", "f4v ", "MSNV", "NDSC", "NDSH",
		"NDSM", "NDSP", "NDSS", "NDXC", "NDXH", "NDXM", "NDXP", "NDXS", "XAVC", "cmfc", "cmf2", "cmfs", "cmff", "ccff",
		"piff", "hvc1", "hev1", "av01", "dby1", "mmp4", "niko", "pana", "sdv ", "CAEP", "caqv", "hlsf", "iphd":
		return media.MP4
	}
	if brand[:3] == "3gp" || brand[:3] == "3gr" || brand[:3] == "3gs" || brand[:3] == "3ge" || brand[:3] == "3gg" ||
		brand[:3] == "3g2" || brand[:3] == "3gh" || brand[:3] == "3gm" || brand[:3] == "3gt" {
		return media.MP4
	}
	return media.Unknown
}

// refine names the codec of a picture file whose brand is about structure alone.
func refine(f media.Format, brand string, compatible []string) media.Format {
	if f != media.HEIF || brand != "mif1" && brand != "mif2" && brand != "mif3" && brand != "msf1" {
		return f
	}
	for _, b := range compatible {
		if codec := kindOf(b); codec == media.AVIF || codec == media.HEIC {
			return codec
		}
	}
	return f
}

// foreign reports major brands of formats that share the box structure and have other rules: Canon raw with its own
// offset tables, JPEG 2000 and JPEG XL.
func foreign(major string) bool {
	switch major {
	case "crx ", "jp2 ", "jpx ", "jpm ", "jxl ", "jxs ", "mjp2", "mj2s":
		return true
	}
	return false
}
