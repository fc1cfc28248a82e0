package sign

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// maxDeleted is how many objects one request may delete, says S3.
const maxDeleted = 1000

// namespaceS3 is the XML namespace of S3's documents.
const namespaceS3 = "http://s3.amazonaws.com/doc/2006-03-01/"

// deleted are the keys in the body of a DeleteObjects. It may have nothing in it
// that two readers of XML could read as two things.
func deleted(body string) ([]string, error) {
	if body == "" {
		return nil, fault.Field("body", "is missing: it says what is deleted, and so has to be seen before it is signed")
	}
	if strings.Contains(body, "<!") {
		return nil, fault.Field("body", "has a comment, a declaration or a section that a list of objects does not need")
	}
	d := deletion{decoder: xml.NewDecoder(strings.NewReader(body))}
	for {
		token, err := d.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return d.end()
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "body: is not well-formed XML")
		}
		if !d.take(token) {
			return nil, fault.Field("body", "must be <Delete> with an <Object><Key>…</Key></Object> for each object, and <Quiet>")
		}
	}
}

// deletion is as much of the document as has been read.
type deletion struct {
	decoder *xml.Decoder
	// path is the open elements: "/Delete/Object/Key".
	path string
	text strings.Builder
	keys []string
	// named counts keys of the open object.
	named int
	ended bool
}

func (d *deletion) take(token xml.Token) bool {
	switch t := token.(type) {
	case xml.ProcInst:
		return t.Target == "xml" && d.decoder.InputOffset() == int64(len("<?xml ?>")+len(t.Inst))
	case xml.StartElement:
		return d.open(t)
	case xml.EndElement:
		return d.closes(t)
	case xml.CharData:
		return d.says(string(t))
	default:
		return false
	}
}

func (d *deletion) open(e xml.StartElement) bool {
	d.path += "/" + e.Name.Local
	d.text.Reset()
	if e.Name.Space != "" || d.ended {
		return false
	}
	switch d.path {
	case "/Delete":
		return len(e.Attr) == 0 || len(e.Attr) == 1 && e.Attr[0].Name == (xml.Name{Local: "xmlns"}) && e.Attr[0].Value == namespaceS3
	case "/Delete/Object":
		d.named = 0
		return len(e.Attr) == 0
	case "/Delete/Quiet", "/Delete/Object/Key":
		return len(e.Attr) == 0
	default:
		return false
	}
}

func (d *deletion) closes(e xml.EndElement) bool {
	open := d.path
	parent, found := strings.CutSuffix(open, "/"+e.Name.Local)
	if !found || e.Name.Space != "" {
		return false
	}
	d.path = parent
	switch open {
	case "/Delete":
		d.ended = true
	case "/Delete/Object":
		return d.named == 1
	case "/Delete/Object/Key":
		d.named++
		d.keys = append(d.keys, d.text.String())
		return len(d.keys) <= maxDeleted
	}
	return true
}

func (d *deletion) says(text string) bool {
	if d.path == "/Delete/Object/Key" || d.path == "/Delete/Quiet" {
		d.text.WriteString(text)
		return true
	}
	return strings.TrimSpace(text) == ""
}

func (d *deletion) end() ([]string, error) {
	if !d.ended || d.path != "" || len(d.keys) == 0 {
		return nil, fault.Field("body", "must be <Delete> with at least one object, to its end")
	}
	return d.keys, nil
}
