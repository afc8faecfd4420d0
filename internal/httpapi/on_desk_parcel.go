package httpapi

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/parcel"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/staff"
)

// Parcels hands out packages of people's own data.
type Parcels interface {
	// OfCase returns the packages of a case that are handed out now.
	OfCase(ctx context.Context, id string) ([]parcel.Parcel, error)
	// Hand records that the package of an action of a case is handed out, and opens it.
	Hand(ctx context.Context, by ledger.By, c desk.Case, action int) (parcel.Parcel, io.ReadCloser, error)
}

func parcelRoutes() []route {
	return []route{
		{post, "/v1/cases:package", "own-package", staff.DeskSubmit, "desk", small, 200, do((*server).ownPackage), "Hand an account the package of its own data that its case came to", 0},
		{post, "/v1/public/cases:package", "package", "", "desk", small, 200, do((*server).publicPackage), "Hand out the package of somebody's own data to whoever has code and PIN of the case", 0},
	}
}

// CaseProof says whether whoever asks for a right is the person whose data it is.
type CaseProof struct {
	Result desk.ProofResult `json:"result" enum:"proven,disproven,unknown" doc:"What came of looking. Nothing is granted unless it is proven."`
	How    string           `json:"how,omitempty" enum:"desk-proof-account,desk-proof-document,desk-proof-contact,desk-proof-presence,desk-proof-receipt,desk-proof-mandate,desk-proof-kinship" doc:"How it was shown; of what is proven. An account that comes through the application is proof of itself, and nothing is to be said."`
}

// CasePackage is a package of somebody's own data that a case came to.
type CasePackage struct {
	Action int        `json:"action" doc:"The action that made it, by its place from 0."`
	SHA256 string     `json:"sha256" doc:"SHA-256 of the ZIP, in hexadecimal."`
	Size   int64      `json:"size" doc:"Bytes."`
	Until  time.Time  `json:"until" doc:"Until when it is handed out."`
	Taken  int        `json:"taken,omitempty" doc:"How often it was handed out."`
	Last   *time.Time `json:"last,omitempty" doc:"When it was handed out last."`
}

// withPackages adds the packages that a case of somebody's came to. Whoever a case is only about gets none.
func (s *server) withPackages(ctx context.Context, out *ownCaseOutput, err error) (*ownCaseOutput, error) {
	if err != nil || out.Body.Side != desk.Reporter {
		return out, err
	}
	list, err := s.Parcels.OfCase(ctx, out.Body.ID)
	for _, p := range list {
		if n, failed := strconv.Atoi(p.Key[strings.LastIndexByte(p.Key, '/')+1:]); failed == nil {
			out.Body.Packages = append(out.Body.Packages, CasePackage{n, p.SHA256, p.Size, p.Until, p.Taken, set(p.Last)})
		}
	}
	return out, err
}

// PackageChoice says which package is wanted.
type PackageChoice struct {
	Action int `json:"action,omitempty" minimum:"0" maximum:"100" doc:"The action that made it, by its place from 0."`
}

type ownPackageInput struct {
	Body struct {
		OwnOpening
		PackageChoice
	}
}

func (s *server) ownPackage(ctx context.Context, in *ownPackageInput) (*stream, error) {
	a, err := s.ownOpening(ctx, in.Body.OwnOpening)
	if err != nil {
		return nil, err
	}
	return s.handPackage(ctx, ledgerBy(ctx), a, in.Body.Action)
}

type publicPackageInput struct {
	Body struct {
		Opening
		PackageChoice
	}
}

func (s *server) publicPackage(ctx context.Context, in *publicPackageInput) (*stream, error) {
	a, err := s.opening(ctx, in.Body.Opening)
	if err != nil {
		return nil, err
	}
	return s.handPackage(ctx, outsider(), a, in.Body.Action)
}

// handPackage hands a package out as a download to whoever brought the case.
func (s *server) handPackage(ctx context.Context, by ledger.By, a desk.Access, action int) (*stream, error) {
	c, err := s.Desk.Brought(ctx, a)
	if err != nil {
		return nil, err
	}
	p, bytes, err := s.Parcels.Hand(ctx, by, c, action)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		defer bytes.Close()
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Content-Disposition", `attachment; filename="data.zip"`)
		w.Header().Set("Content-Length", strconv.FormatInt(p.Size, 10))
		w.Header().Set("Cache-Control", "no-store")
		copyOut(w, bytes)
	}), nil
}
