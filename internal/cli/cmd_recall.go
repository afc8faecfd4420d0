package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/recall"
)

// Codes of errors about reading a feed.
const (
	codeRecallWhere  colophon.Code = "recall-read-where"
	codeRecallKey    colophon.Code = "recall-read-key"    // arg "value"
	codeRecallSeen   colophon.Code = "recall-read-seen"   // arg "file"
	codeRecallStatus colophon.Code = "recall-read-status" // arg "url", arg "status"
)

const (
	// maxSigned is the longest checkpoint, key or note of what was seen, in bytes.
	maxSigned = 16 << 10
	// recallPatience is how long fetching one part of a feed may take.
	recallPatience = 2 * time.Minute
)

type recallCommand struct {
	List    recallListCommand    `cmd:""`
	Follow  recallFollowCommand  `cmd:""`
	End     recallEndCommand     `cmd:""`
	Entries recallEntriesCommand `cmd:""`
	Read    recallReadCommand    `cmd:""`
}

type recallListCommand struct{ remote }

// Run lists the feeds that are followed, or were.
func (c *recallListCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		list, err := server.RecallSources(ctx)
		if err != nil {
			return err
		}
		for _, source := range list {
			s.followed(source)
		}
		return nil
	})
}

// followed prints a feed.
func (s *session) followed(r client.RecallSource) {
	if s.json {
		s.printJSON(r)
		return
	}
	fmt.Fprintf(s.Stdout, "%s  %s  %s  %s\n", locale.Visible(r.ID), s.word("recall-source-state-", r.State), locale.Visible(r.Name), s.say.Say("recall-seen", "size", strconv.FormatUint(r.Seen, 10)))
	fmt.Fprintln(s.Stdout, "  "+locale.Visible(r.URL))
	if r.Trouble != nil {
		fmt.Fprintln(s.Stdout, "  "+locale.Visible(r.Trouble.Sentence))
	}
}

type recallFollowCommand struct {
	remote
	Key  string `required:"" placeholder:"KEY"`
	Name string `arg:"" name:"name"`
	URL  string `arg:"" name:"url"`
}

// Run follows the feed of another provider.
func (c *recallFollowCommand) Run(s *session) error {
	_, key, err := recallKey(c.Key)
	if err != nil {
		return err
	}
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		source, err := server.FollowRecall(ctx, c.Name, c.URL, key)
		if err == nil {
			s.followed(source)
		}
		return err
	})
}

type recallEndCommand struct {
	remote
	ID string `arg:"" name:"id"`
}

// Run follows a feed no more.
func (c *recallEndCommand) Run(s *session) error {
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		source, err := server.EndRecall(ctx, c.ID)
		if err == nil {
			s.followed(source)
		}
		return err
	})
}

type recallEntriesCommand struct {
	remote
	Source string `placeholder:"ID"`
}

// Run lists what was taken from feeds, the newest first.
func (c *recallEntriesCommand) Run(s *session) error {
	filter := chosen(map[string]string{"source": c.Source})
	return c.call(s, func(ctx context.Context, server *client.Client) error {
		return tableOf(ctx, s, filter, server.RecallEntries, func(e client.RecallEntry) []string {
			return []string{locale.Visible(e.Name), s.word("recall-state-", e.State), e.At.Local().Format(time.DateTime), s.word("refutation-verdict-", e.Verdict), locale.Visible(s.inWords(e.Claim))}
		})
	})
}

type recallReadCommand struct {
	Key        string `required:"" placeholder:"KEY"`
	Lines      string `placeholder:"FILE"`
	Checkpoint string `placeholder:"FILE"`
	Seen       string `placeholder:"FILE"`
	URL        string `arg:"" optional:"" name:"url"`
}

// seenFeed is how far a feed was seen, as it is remembered.
type seenFeed struct {
	Name string    `json:"name"` // of the key that signs it
	Head feed.Head `json:"seen"`
}

// Run reads a feed with no server: what is printed was verified, and what was seen before is remembered.
func (c *recallReadCommand) Run(s *session) error {
	fromFiles := c.Lines != "" && c.Checkpoint != ""
	if fromFiles == (c.URL != "") || !fromFiles && c.Lines+c.Checkpoint != "" {
		return invalid(codeRecallWhere)
	}
	key, _, err := recallKey(c.Key)
	if err != nil {
		return err
	}
	before, err := c.before(key)
	if err != nil {
		return err
	}
	signed, lines, err := c.open(s.ctx, before.Head)
	if err != nil {
		s.stop(err)
		return nil
	}
	entries, head, err := feed.Read(lines, signed, key, before.Head)
	if err = errors.Join(err, lines.Close()); err != nil {
		s.stop(err)
		return nil
	}
	s.recalled(entries, head)
	if c.Seen == "" || head == before.Head {
		return nil
	}
	text, err := json.Marshal(seenFeed{key.Name(), head})
	if err != nil {
		return err
	}
	return durable.WriteFile(c.Seen, append(text, '\n'), durable.Options{Force: true})
}

// recallKey reads a key, or the file that holds it.
func recallKey(value string) (note.Verifier, string, error) {
	text := value
	key, err := note.NewVerifier(text)
	if err != nil {
		raw, unread := readSome(value)
		if unread != nil {
			return nil, "", &colophon.Error{Kind: colophon.Invalid, Code: codeRecallKey, Args: colophon.Args{"value": value}, Err: errors.Join(err, unread)}
		}
		text = strings.TrimSpace(string(raw))
		if key, err = note.NewVerifier(text); err != nil {
			return nil, "", &colophon.Error{Kind: colophon.Invalid, Code: codeRecallKey, Args: colophon.Args{"value": value}, Err: err}
		}
	}
	return key, text, nil
}

func readSome(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSigned))
}

// before is how far the feed was seen. A file that is there and can't be read is no beginning: it would let a changed feed pass.
func (c *recallReadCommand) before(key note.Verifier) (seenFeed, error) {
	none := seenFeed{Name: key.Name()}
	if c.Seen == "" {
		return none, nil
	}
	raw, err := readSome(c.Seen)
	if errors.Is(err, os.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, durable.Fault(c.Seen, err)
	}
	var v seenFeed
	if err := json.Unmarshal(raw, &v); err != nil || v.Name != key.Name() || (v.Head.Size == 0) != (v.Head.Digest == "") {
		return none, &colophon.Error{Kind: colophon.Invalid, Code: codeRecallSeen, Args: colophon.Args{"file": c.Seen}, Err: err}
	}
	return v, nil
}

// open opens the checkpoint and the lines, in this order.
func (c *recallReadCommand) open(ctx context.Context, seen feed.Head) ([]byte, io.ReadCloser, error) {
	if c.URL == "" {
		signed, err := readSome(c.Checkpoint)
		if err != nil {
			return nil, nil, durable.Fault(c.Checkpoint, err)
		}
		lines, err := os.Open(c.Lines)
		return signed, lines, durable.Fault(c.Lines, err)
	}
	signed, behind, err := feed.Addresses(c.URL, seen)
	if err != nil || !feed.Address(c.URL) {
		return nil, nil, &colophon.Error{Kind: colophon.Invalid, Code: recall.CodeInvalid, Args: colophon.Args{"field": "url"}, Err: err}
	}
	body, err := fetchRecall(ctx, signed, maxSigned)
	if err != nil {
		return nil, nil, err
	}
	lines, err := fetchRecall(ctx, behind, feed.MaxRead+1)
	return body, io.NopCloser(bytes.NewReader(lines)), err
}

// fetchRecall gets one part of a feed.
func fetchRecall(ctx context.Context, address string, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, recallPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	failed := func(err error) error {
		return &colophon.Error{Kind: colophon.Conflict, Code: recall.CodeFailed, Err: err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, failed(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &colophon.Error{Kind: colophon.Conflict, Code: codeRecallStatus, Args: colophon.Args{"url": address, "status": strconv.Itoa(resp.StatusCode)}}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return nil, failed(err)
	}
	return body, nil
}

// recalled prints what is new in a feed.
func (s *session) recalled(entries []feed.Entry, head feed.Head) {
	w := s.columns()
	for _, e := range entries {
		if s.json {
			s.printJSON(e)
			continue
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", e.Sequence, e.At.Local().Format(time.DateTime), s.word("recall-kind-", string(e.Kind)), s.word("refutation-verdict-", string(e.Verdict)), locale.Visible(e.Claim.In(string(s.say.Language))))
	}
	w.Flush() //nolint:errcheck // as every other writing to the output
	if !s.json {
		fmt.Fprintln(s.Stdout, s.say.Say("recall-read", "new", itoa(len(entries)), "size", strconv.FormatUint(head.Size, 10)))
	}
}
