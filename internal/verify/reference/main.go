// Command reference is a server behind an identity source of Colophon, to be copied into a system of your own: this file
// needs nothing but the standard library. The messages are those of docs/format/verify-webhook.md.
//
// It answers questions about people from a file in CSV (name,number,phone) that stands here for whatever knows them, and
// writes the codes that it is to send to a file, where the call of a gateway belongs. For a source that answers later it has
// a page that asks for name and number, and tells Colophon by a call-back what came of it.
//
//	go run ./internal/verify/reference -listen 127.0.0.1:8090 -secret secret.txt -people people.csv -outbox codes.txt \
//	    -public https://people.example -call-back https://colophon.example/v1/verifications/{id}/call-back
//
// # What not to do here
//
// Never answer what was not looked up: silence counts as no answer, which harms nobody. Never log a question. Never look at a
// message before its signature was checked, nor take one that was there already.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	window  = 5 * time.Minute // by how much the clocks may differ
	maxBody = 64 << 10
	patient = 10 * time.Second
)

// server is the other side of a source.
type server struct {
	secret   []byte
	people   []person
	outbox   io.Writer
	public   string // address of this server, as browsers know it
	callBack string // address of Colophon, with {id} for the verification
	client   *http.Client

	mu    sync.Mutex           // guards what follows; keep it in a database where several servers run
	seen  map[string]time.Time // nonces
	begun map[string]*begun    // by reference
}

type person struct{ name, number, phone string }

// begun is a verification that somebody has to complete on the page.
type begun struct {
	id, back, result string
	claim            *claim // what the person said on the page, once it was found to be so
}

type claim struct {
	Kind   string `json:"kind,omitempty"`
	Number string `json:"number,omitempty"`
	Name   string `json:"name,omitempty"`
	Phone  string `json:"phone,omitempty"`
	Card   string `json:"card,omitempty"`
}

type question struct {
	Act       string `json:"act"`
	ID        string `json:"id"`
	Level     string `json:"level"`
	Claim     claim  `json:"claim"`
	Return    string `json:"return"`
	Locale    string `json:"locale"`
	Reference string `json:"reference"`
	Phone     string `json:"phone"`
	Code      string `json:"code"`
	Valid     int    `json:"valid"`
}

type reply struct {
	ID          string `json:"id,omitempty"`
	Result      string `json:"result"`
	Transaction string `json:"transaction,omitempty"`
	URL         string `json:"url,omitempty"`
	Reference   string `json:"reference,omitempty"`
	Claim       *claim `json:"claim,omitempty"`
}

func newServer(secret []byte, people []person) *server {
	return &server{secret: secret, people: people, outbox: io.Discard, client: &http.Client{Timeout: patient}, seen: map[string]time.Time{}, begun: map[string]*begun{}}
}

// sign is the signature of a message. The direction is question, answer or call-back.
func (s *server) sign(direction, timestamp, nonce string, body []byte) string {
	h := hmac.New(sha256.New, s.secret)
	fmt.Fprintf(h, "colophon-verify-1\n%s\n%s\n%s\n", direction, timestamp, nonce)
	h.Write(body)
	return "hmac-sha256=" + hex.EncodeToString(h.Sum(nil))
}

// genuine checks that a question is signed, is of now, and is here for the first time.
func (s *server) genuine(h http.Header, body []byte) bool {
	timestamp, nonce := h.Get("Colophon-Timestamp"), h.Get("Colophon-Nonce")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	now := time.Now()
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > window || !hmac.Equal([]byte(s.sign("question", timestamp, nonce, body)), []byte(h.Get("Colophon-Signature"))) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for old, at := range s.seen {
		if now.Sub(at) > 2*window {
			delete(s.seen, old)
		}
	}
	_, twice := s.seen[nonce]
	s.seen[nonce] = now
	return !twice
}

// ServeHTTP serves questions, and below /page/ people.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if reference, page := strings.CutPrefix(r.URL.Path, "/page/"); page {
		s.page(w, r, reference)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || !s.genuine(r.Header, body) {
		http.Error(w, "no question", http.StatusForbidden)
		return
	}
	var q question
	if json.Unmarshal(body, &q) != nil {
		http.Error(w, "no question", http.StatusBadRequest)
		return
	}
	a, err := s.answer(q)
	if err != nil {
		http.Error(w, "no answer", http.StatusServiceUnavailable)
		return
	}
	text, _ := json.Marshal(a)
	// The answer bears the nonce of its question.
	s.seal(w.Header(), "answer", r.Header.Get("Colophon-Nonce"), text)
	w.Write(text)
}

func (s *server) seal(h http.Header, direction, nonce string, body []byte) {
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	h.Set("Content-Type", "application/json")
	h.Set("Colophon-Timestamp", timestamp)
	h.Set("Colophon-Nonce", nonce)
	h.Set("Colophon-Signature", s.sign(direction, timestamp, nonce, body))
}

func (s *server) answer(q question) (reply, error) {
	switch q.Act {
	case "check":
		return reply{Result: s.lookUp(q.Claim), Transaction: rand.Text()}, nil
	case "send":
		_, err := fmt.Fprintf(s.outbox, "%s %s\n", q.Phone, q.Code)
		return reply{Result: "sent", Transaction: rand.Text()}, err
	case "begin":
		reference := rand.Text()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.begun[reference] = &begun{id: q.ID, back: q.Return}
		return reply{Result: "pending", URL: s.public + "/page/" + reference, Reference: reference}, nil
	case "result":
		s.mu.Lock()
		defer s.mu.Unlock()
		b := s.begun[q.Reference]
		if b == nil || b.id != q.ID {
			return reply{}, errors.New("no such verification")
		}
		return reply{ID: b.id, Result: cmp.Or(b.result, "pending"), Transaction: q.Reference, Claim: b.claim}, nil
	}
	return reply{}, errors.New("unknown act")
}

// lookUp is where your own knowledge of people goes. A number that nobody has is no record, and no mismatch.
func (s *server) lookUp(c claim) string {
	for _, p := range s.people {
		if p.number == c.Number {
			if p.name == c.Name && (c.Phone == "" || p.phone == c.Phone) {
				return "match"
			}
			return "mismatch"
		}
	}
	return "no-record"
}

const form = `<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Verification</title>
<form method="post"><p><label>姓名 Name <input name="name" required></label><p><label>证件号码 Number <input name="number" required></label><p><button>确认 Confirm</button></form>`

// page lets a person answer, once, and leads the browser back.
func (s *server) page(w http.ResponseWriter, r *http.Request, reference string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method != http.MethodPost {
		io.WriteString(w, form)
		return
	}
	said := &claim{Kind: "resident-id", Name: r.PostFormValue("name"), Number: r.PostFormValue("number")}
	result := s.lookUp(*said)
	if result != "match" {
		said = nil
	}
	s.mu.Lock()
	b := s.begun[reference]
	known := b != nil && b.result == ""
	if known {
		// Of whom this is so, Colophon has to know: it compares with what it asked about.
		b.result, b.claim = result, said
	}
	s.mu.Unlock()
	if !known {
		http.NotFound(w, r)
		return
	}
	if err := s.tell(r.Context(), reply{ID: b.id, Result: result, Transaction: reference, Claim: said}); err != nil {
		log.Print("a call-back did not get through; Colophon will ask: ", err)
	}
	if b.back != "" {
		http.Redirect(w, r, b.back, http.StatusSeeOther)
	}
}

// tell sends a call-back.
func (s *server) tell(ctx context.Context, a reply) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.ReplaceAll(s.callBack, "{id}", a.ID), bytes.NewReader(text))
	if err != nil {
		return err
	}
	s.seal(r.Header, "call-back", rand.Text(), text)
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return errors.New(resp.Status)
	}
	return nil
}

func readPeople(r io.Reader) ([]person, error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord = 3
	rows, err := c.ReadAll()
	var list []person
	for _, row := range rows {
		list = append(list, person{row[0], row[1], row[2]})
	}
	return list, err
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("reference", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8090", "address to listen on; put TLS in front of any other than loopback")
	secret := flags.String("secret", "", "file of the shared secret")
	people := flags.String("people", "", "file of people: name,number,phone")
	outbox := flags.String("outbox", os.DevNull, "file that codes are written to")
	public := flags.String("public", "http://127.0.0.1:8090", "address of this server, as browsers know it")
	callBack := flags.String("call-back", "", "address of Colophon for call-backs, with {id}")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	key, err := os.ReadFile(*secret)
	if err != nil {
		return err
	}
	if key = bytes.TrimSpace(key); len(key) < 32 {
		return errors.New("the secret has 32 characters or more") // with an empty one everybody could ask
	}
	file, err := os.Open(*people)
	if err != nil {
		return err
	}
	defer file.Close()
	list, err := readPeople(file)
	if err != nil {
		return err
	}
	codes, err := os.OpenFile(*outbox, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer codes.Close()
	s := newServer(key, list)
	s.outbox, s.public, s.callBack = codes, *public, *callBack
	h := &http.Server{Addr: *listen, Handler: s, ReadTimeout: patient, WriteTimeout: 3 * patient}
	return h.ListenAndServe()
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}
