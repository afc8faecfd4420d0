package blob

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// S3 says where a bucket of an S3-compatible store is. Access keys are not among it: they come from the environment
// (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), from the file of credentials, or from the machine's role.
type S3 struct {
	Bucket      string
	Prefix      string // of all keys; "" or ends with a slash
	Endpoint    string // such as https://s3.example.cn; AWS itself when empty
	Region      string
	PathStyle   bool   // https://host/bucket/key and not https://bucket.host/key, as most own stores need
	Credentials string // path of a file in the format of AWS; the usual one when empty
	Profile     string // section of that file
	// PlainChecksums leaves out the checksums that newer clients send along, which some stores do not know.
	PlainChecksums bool
}

// client makes a client. It does not connect.
func (c S3) client(ctx context.Context) (*s3.Client, aws.RequestChecksumCalculation, error) {
	checksums, answers := aws.RequestChecksumCalculationWhenSupported, aws.ResponseChecksumValidationWhenSupported
	if c.PlainChecksums {
		checksums, answers = aws.RequestChecksumCalculationWhenRequired, aws.ResponseChecksumValidationWhenRequired
	}
	opts := []func(*config.LoadOptions) error{
		config.WithRequestChecksumCalculation(checksums), config.WithResponseChecksumValidation(answers),
	}
	if c.Region != "" {
		opts = append(opts, config.WithRegion(c.Region))
	}
	if c.Credentials != "" {
		opts = append(opts, config.WithSharedCredentialsFiles([]string{c.Credentials}))
	}
	if c.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(c.Profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, checksums, wrongAddress("credentials", err)
	}
	return s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		// The SDK writes to stderr when it has no checksum to compare with. We compare the digest.
		o.DisableLogOutputChecksumValidationSkipped = true
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
	}), checksums, nil
}

// openS3 opens a bucket and says how to remove uploads into it that never ended.
func openS3(ctx context.Context, c S3) (*gcblob.Bucket, func(context.Context, time.Time) (int, error), error) {
	client, checksums, err := c.client(ctx)
	if err != nil {
		return nil, nil, err
	}
	bucket, err := s3blob.OpenBucket(ctx, client, c.Bucket, &s3blob.Options{RequestChecksumCalculation: checksums})
	if err != nil {
		return nil, nil, wrongAddress("bucket", err)
	}
	if c.Prefix != "" {
		bucket = gcblob.PrefixedBucket(bucket, c.Prefix)
	}
	return bucket, func(ctx context.Context, before time.Time) (int, error) { return c.sweep(ctx, client, before) }, nil
}

// sweep ends uploads in parts that began before a moment. Their parts take up space and no list of objects shows them.
func (c S3) sweep(ctx context.Context, client *s3.Client, before time.Time) (int, error) {
	n := 0
	pages := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{Bucket: &c.Bucket, Prefix: &c.Prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return n, err
		}
		for _, u := range page.Uploads {
			if u.Initiated == nil || !u.Initiated.Before(before) {
				continue
			}
			_, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &c.Bucket, Key: u.Key, UploadId: u.UploadId})
			if err != nil && !errorCode(err, "NoSuchUpload") {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
