package media

import "github.com/colophon-project/colophon"

// Codes of findings about how a label value is stored. Levels: the field tolerates all of them, so they are warnings.
const (
	CodeAttributeForm   colophon.Code = "xmp-attribute-form"   // the property is an attribute of rdf:Description
	CodeForeignPrefix   colophon.Code = "xmp-foreign-prefix"   // arg "prefix"
	CodeForeignURI      colophon.Code = "xmp-foreign-uri"      // arg "uri"
	CodeXMPWrapper      colophon.Code = "xmp-wrapper"          // xpacket processing instructions are not well-formed
	CodeXMPMalformed    colophon.Code = "xmp-malformed"        // the packet is not XML; the value was found by search
	CodeOtherPlace      colophon.Code = "place-not-standard"   // args "place", "standard"
	CodeLateLabel       colophon.Code = "label-after-content"  // the label stands behind the pixels or samples
	CodeNoCharsetCode   colophon.Code = "exif-no-charset-code" // UserComment without its 8-byte character code
	CodeNoVersion       colophon.Code = "bmff-meta-no-version" // meta box in QuickTime form, without version and flags
	CodeCompressed      colophon.Code = "value-compressed"     // the value stands in a compressed structure
	CodeIDSpelling      colophon.Code = "key-spelling"         // arg "key": the key differs in case or prefix
	CodeDoubleFrontPart colophon.Code = "front-matter-double"  // two front matters in a row
	CodeTrailingData    colophon.Code = "trailing-data"        // bytes behind the end of the format's own structure
	CodeStructure       colophon.Code = "structure-damaged"    // args "what", "rule": a structure beside the label is damaged
)

// Warn returns a finding of level warning at off, which is -1 when it has no place. Args alternate names and values.
func Warn(code colophon.Code, off int64, args ...string) colophon.Finding {
	f := colophon.Finding{Code: code, Level: colophon.Warning, Clause: colophon.ClausePGPlace, Offset: off}
	for i := 0; i+1 < len(args); i += 2 {
		if f.Args == nil {
			f.Args = colophon.Args{}
		}
		f.Args[args[i]] = args[i+1]
	}
	return f
}
