package blob

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/colophon-project/colophon"
)

// Object is a file in somebody's bucket.
type Object struct {
	Key  string
	Size int64
	ETag string
}

// Objects are the files of an S3-compatible bucket that is not ours: keys are what their owner chose, and content is not
// known by its digest. Errors name no key, since keys may name people.
type Objects struct {
	client         *s3.Client
	bucket, prefix string
}

// OpenObjects opens a bucket at an address of [ParseS3]. It does not ask whether it is there.
func OpenObjects(ctx context.Context, address string) (*Objects, error) {
	c, err := ParseS3(address)
	if err != nil {
		return nil, err
	}
	client, _, err := c.client(ctx)
	return &Objects{client, c.Bucket, c.Prefix}, err
}

// List goes through the files whose keys begin with a prefix, in the order of their keys, from the one behind a key.
func (o *Objects) List(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &o.bucket, Prefix: aws.String(o.prefix + prefix)}
		if after != "" {
			in.StartAfter = aws.String(o.prefix + after)
		}
		for pages := s3.NewListObjectsV2Paginator(o.client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Object{}, told(err))
				return
			}
			for _, c := range page.Contents {
				key, ok := strings.CutPrefix(aws.ToString(c.Key), o.prefix)
				if ok && !yield(Object{key, aws.ToInt64(c.Size), aws.ToString(c.ETag)}, nil) {
					return
				}
			}
		}
	}
}

// Open opens a file.
func (o *Objects) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := o.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &o.bucket, Key: aws.String(o.prefix + key)})
	if err != nil {
		return nil, told(err)
	}
	return out.Body, nil
}

// Write writes a file and returns when the store has it.
func (o *Objects) Write(ctx context.Context, key, mediaType string, r io.ReadSeeker) error {
	in := &s3.PutObjectInput{Bucket: &o.bucket, Key: aws.String(o.prefix + key), Body: r}
	if mediaType != "" {
		in.ContentType = &mediaType
	}
	_, err := o.client.PutObject(ctx, in)
	return told(err)
}

// Tag sets tags of a file beside those that it has.
func (o *Objects) Tag(ctx context.Context, key string, tags map[string]string) error {
	name := aws.String(o.prefix + key)
	have, err := o.client.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &o.bucket, Key: name})
	if err != nil && !errorCode(err, "NoSuchTagSet") && !errorCode(err, "NoSuchTagSetError") {
		return told(err)
	}
	var set []types.Tag
	if have != nil {
		for _, t := range have.TagSet {
			if _, ours := tags[aws.ToString(t.Key)]; !ours {
				set = append(set, t)
			}
		}
	}
	for name, value := range tags {
		set = append(set, types.Tag{Key: aws.String(name), Value: aws.String(value)})
	}
	_, err = o.client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &o.bucket, Key: name, Tagging: &types.Tagging{TagSet: set}})
	return told(err)
}

// told is an error of a store without the key that it is about.
func told(err error) error {
	var api interface{ ErrorCode() string }
	var known *colophon.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case !errors.As(err, &api):
		return &colophon.Error{Code: CodeFailed, Err: errors.New("the store could not be reached")}
	}
	e := &colophon.Error{Code: CodeFailed, Err: errors.New(api.ErrorCode())}
	switch api.ErrorCode() {
	case "NoSuchKey", "NotFound", "NoSuchBucket":
		e.Kind, e.Code = colophon.Missing, CodeObject
	case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch",
		"InvalidObjectState", "InvalidRequest", "KeyTooLongError", "EntityTooLarge", "InvalidTag": // of this one file alone: archived, under another's key, …
		e.Kind, e.Code = colophon.Refused, CodeDenied
	case "NotImplemented", "MethodNotAllowed":
		e.Kind = colophon.Unsupported
	}
	return e
}
