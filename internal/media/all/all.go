// Package all lists every container that Colophon knows, in the order in which they are asked.
//
// A new format is added here and nowhere else. The order matters where one format's beginning can look like another's:
// formats with a signature come first, those recognised by structure next, and plain text last.
package all

import (
	"path"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/bmff"
	"github.com/colophon-project/colophon/internal/media/ebml"
	"github.com/colophon-project/colophon/internal/media/epub"
	"github.com/colophon-project/colophon/internal/media/flac"
	"github.com/colophon-project/colophon/internal/media/flv"
	"github.com/colophon-project/colophon/internal/media/gif"
	"github.com/colophon-project/colophon/internal/media/glb"
	"github.com/colophon-project/colophon/internal/media/heif"
	"github.com/colophon-project/colophon/internal/media/html"
	"github.com/colophon-project/colophon/internal/media/id3"
	"github.com/colophon-project/colophon/internal/media/jpeg"
	"github.com/colophon-project/colophon/internal/media/markdown"
	"github.com/colophon-project/colophon/internal/media/ogg"
	"github.com/colophon-project/colophon/internal/media/ooxml"
	"github.com/colophon-project/colophon/internal/media/pdf"
	"github.com/colophon-project/colophon/internal/media/plain"
	"github.com/colophon-project/colophon/internal/media/png"
	"github.com/colophon-project/colophon/internal/media/riff"
	"github.com/colophon-project/colophon/internal/media/svg"
	"github.com/colophon-project/colophon/internal/media/tiff"
)

// Containers returns the table.
func Containers() []media.Container {
	return []media.Container{
		jpeg.Container{}, png.Container{}, riff.Container{}, gif.Container{}, heif.Container{}, bmff.Container{},
		ebml.Container{}, flv.Container{}, ogg.Container{}, flac.Container{}, pdf.Container{}, glb.Container{},
		tiff.Container{}, ooxml.Container{}, epub.Container{}, id3.Container{},
		svg.Container{}, html.Container{}, markdown.Container{}, plain.Container{},
	}
}

// Detect returns the container and format of a file by its content. Content cannot tell Markdown from other text, so
// for text alone the file's name decides. Both results are zero for a file that no container knows.
func Detect(src media.Source, name string) (media.Container, media.Format, error) {
	head, err := media.Head(src, media.HeadSize)
	if err != nil {
		return nil, media.Unknown, err
	}
	for _, c := range Containers() {
		format := c.Sniff(head, src)
		if format == media.Text {
			if f := named(name); f != media.Unknown {
				return markdown.Container{}, f, nil
			}
		}
		if format != media.Unknown {
			return c, format, nil
		}
	}
	return nil, media.Unknown, nil
}

func named(name string) media.Format {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown":
		return media.Markdown
	}
	return media.Unknown
}
