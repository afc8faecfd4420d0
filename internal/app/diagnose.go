package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/label"
)

// Codes of what a diagnosis says.
const (
	CodeDoctorProducer   colophon.Code = "doctor-producer" // arg "value"
	CodeDoctorNoProducer colophon.Code = "doctor-no-producer"
	CodeDoctorNoCode     colophon.Code = "doctor-producer-no-code" // arg "value": a name, or a code that is not valid
	CodeDoctorWrite      colophon.Code = "doctor-write"            // arg "dir"
	CodeDoctorNoWrite    colophon.Code = "doctor-no-write"         // arg "dir"
	CodeDoctorFormats    colophon.Code = "doctor-formats"          // arg "count"
	CodeDoctorNoFormat   colophon.Code = "doctor-no-format"        // arg "file"
	CodeDoctorFFmpeg     colophon.Code = "doctor-ffmpeg"           // arg "version"
	CodeDoctorNoFFmpeg   colophon.Code = "doctor-no-ffmpeg"        // arg "package"
	CodeDoctorNoEncoder  colophon.Code = "doctor-no-encoder"       // args "encoders": notices on such video and sound fail
)

// Check is one line of a diagnosis.
type Check struct {
	Name    string
	Verdict colophon.Verdict
	Code    colophon.Code
	Args    colophon.Args
}

// Diagnose checks the configuration and the machine: each check does what it speaks of.
func Diagnose(ctx context.Context, c Config) []Check {
	return []Check{diagnoseProducer(c.Producer), diagnoseWrite(os.TempDir()), diagnoseFormats(), diagnoseFFmpeg(ctx, c.FFmpeg)}
}

// encoders are those that notices on video and coded sound are made with.
var encoders = [...]string{"libx264", "libx265", "libvpx-vp9", "libaom-av1", "aac", "libmp3lame", "libopus", "libvorbis"}

func diagnoseFFmpeg(ctx context.Context, path string) Check {
	check := Check{Name: "ffmpeg", Verdict: colophon.Failed, Code: CodeDoctorNoFFmpeg, Args: colophon.Args{"package": ffmpeg.Package}}
	tools, err := ffmpeg.Find(path)
	if err != nil {
		return check
	}
	version, err := tools.Version(ctx)
	if err != nil {
		return check
	}
	var missing []string
	for _, name := range encoders {
		if has, err := tools.HasEncoder(ctx, name); err != nil || !has {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		check.Code, check.Args = CodeDoctorNoEncoder, colophon.Args{"encoders": strings.Join(missing, ", ")}
		return check
	}
	check.Verdict, check.Code, check.Args = colophon.Passed, CodeDoctorFFmpeg, colophon.Args{"version": version}
	return check
}

func diagnoseProducer(producer string) Check {
	check := Check{Name: "producer", Args: colophon.Args{"value": producer}}
	fields := label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "x", ContentPropagator: producer, PropagateID: "x"}
	_, codeErr := label.ParseCode(producer)
	switch {
	case producer == "":
		check.Verdict, check.Code = colophon.Unknown, CodeDoctorNoProducer
	case fields.Check() != nil:
		check.Verdict, check.Code = colophon.Failed, CodeDoctorNoCode
	case codeErr != nil:
		check.Verdict, check.Code = colophon.Unknown, CodeDoctorNoCode
	default:
		check.Verdict, check.Code = colophon.Passed, CodeDoctorProducer
	}
	return check
}

func diagnoseWrite(dir string) Check {
	check := Check{Name: "write", Verdict: colophon.Failed, Code: CodeDoctorNoWrite, Args: colophon.Args{"dir": dir}}
	scratch, err := os.MkdirTemp(dir, "colophon-doctor-")
	if err != nil {
		return check
	}
	defer os.RemoveAll(scratch)
	if durable.WriteFile(filepath.Join(scratch, "probe"), []byte("probe"), durable.Options{}) == nil {
		check.Verdict, check.Code = colophon.Passed, CodeDoctorWrite
	}
	return check
}

// diagnoseFormats labels every sample in memory and reads it back.
func diagnoseFormats() Check {
	check := Check{Name: "formats", Verdict: colophon.Failed, Code: CodeDoctorNoFormat, Args: colophon.Args{"file": "samples"}}
	files, err := sample.Files()
	if err != nil {
		return check
	}
	for _, f := range files {
		check.Args["file"] = f.Name
		src := bytes.NewReader(f.Bytes)
		plan, err := label.Prepare(src, label.Request{
			Options: label.Options{Name: f.Name},
			Fields:  label.Fields{Label: label.Belongs, ContentProducer: "0011", ProduceID: "doctor"},
		})
		if err != nil {
			return check
		}
		written, sidecar := src, label.Source(nil)
		if plan.Action == label.Beside {
			sidecar = bytes.NewReader(plan.Sidecar)
		} else {
			var out bytes.Buffer
			if plan.Edit.Apply(&out, src) != nil {
				return check
			}
			written = bytes.NewReader(out.Bytes())
		}
		if plan.ReadBack(written, sidecar) != nil {
			return check
		}
	}
	return Check{Name: "formats", Verdict: colophon.Passed, Code: CodeDoctorFormats, Args: colophon.Args{"count": strconv.Itoa(len(files))}}
}
