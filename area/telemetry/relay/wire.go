package relay

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// The addresses at the centre's door.
const (
	EnrolPath    = "/relay/v1/enrol"
	RenewPath    = "/relay/v1/renew"
	ReportPath   = "/relay/v1/report"
	ShipmentPath = "/relay/v1/shipment"
)

// Enrolment asks for the first certificate.
type Enrolment struct {
	Token   string `json:"token,omitempty"` // of Enrol; Renew knows the relay by its certificate
	Request []byte `json:"request"`         // certificate request, DER
}

// Admission is the answer.
type Admission struct {
	ID          string `json:"id"`
	Certificate []byte `json:"certificate"`
	Authority   []byte `json:"authority"`
}

// Report says how a relay is doing, every few seconds.
type Report struct {
	Version  string    `json:"version"`
	Host     string    `json:"host"`
	Now      time.Time `json:"now"`
	Started  time.Time `json:"started"`
	Waiting  int64     `json:"waiting"` // events not yet delivered
	Bytes    int64     `json:"bytes"`   // of them, as kept
	Cap      int64     `json:"cap"`     // how many bytes may wait
	Oldest   time.Time `json:"oldest,omitzero"`
	Mapping  string    `json:"mapping"`           // digest of the one in use
	Problem  string    `json:"problem,omitempty"` // why the last shipment was not taken
	Senders  []Sender  `json:"senders,omitempty"`
	Listens  []string  `json:"listens,omitempty"`
	FreeDisk int64     `json:"free_disk,omitempty"`
}

// Sender is one that no source of the relay knows.
type Sender struct {
	Address string    `json:"address"`
	Host    string    `json:"host,omitempty"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Events  int64     `json:"events"`
}

// Answer is what the centre says to a report.
type Answer struct {
	Now     time.Time       `json:"now"`
	Mapping string          `json:"mapping"`           // digest of the one that is right
	Sources json.RawMessage `json:"sources,omitempty"` // where the relay's is not
}

// Shipment is what is delivered, and acknowledged, at once. Its number and its
// content are fixed before it is sent for the first time.
type Shipment struct {
	Epoch  string   `json:"epoch"` // of the relay's journal
	Seq    int64    `json:"seq"`   // from 1, one more each time
	Head   Head     `json:"head"`
	Bodies [][]byte `json:"-"`
}

// Head says what is in a shipment.
type Head struct {
	Batches []Batch `json:"batches,omitempty"`
	Counts  []Count `json:"counts,omitempty"`
}

// Batch is one of the relay's journal.
type Batch struct {
	ID       string    `json:"id"`
	Source   string    `json:"source"`
	Received time.Time `json:"received"`
	Events   int64     `json:"events"`
	Bytes    int64     `json:"bytes"` // as they came
	Size     int64     `json:"size"`  // packed
}

// Count is what was lost or told to wait at the relay.
type Count struct {
	Source  string    `json:"source"` // empty: of no source
	At      time.Time `json:"at"`
	Dropped int64     `json:"dropped,omitempty"`
	Refused int64     `json:"refused,omitempty"`
}

// Ack says that a shipment is on disk at the centre.
type Ack struct {
	Epoch    string `json:"epoch"`
	Seq      int64  `json:"seq"`
	Repeated bool   `json:"repeated,omitempty"` // it was there before
}

// MaxShipment bounds what the centre reads at once.
const MaxShipment = 64 << 20

const maxHead = 4 << 20

var magic = []byte("YRS1")

// Encode writes a shipment: a mark, the length of its description, that, and
// the packed batches one after the other.
func (s Shipment) Encode() ([]byte, error) {
	head, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	size := len(magic) + 4 + len(head)
	for _, b := range s.Bodies {
		size += len(b)
	}
	out := make([]byte, 0, size)
	out = append(out, magic...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(head)))
	out = append(out, head...)
	for _, b := range s.Bodies {
		out = append(out, b...)
	}
	return out, nil
}

// Decode reads a shipment. The bodies share the bytes given.
func Decode(b []byte) (s Shipment, err error) {
	rest, ok := bytes.CutPrefix(b, magic)
	if !ok || len(rest) < 4 {
		return s, errors.New("this is no shipment of a relay")
	}
	n := binary.BigEndian.Uint32(rest)
	rest = rest[4:]
	if n > maxHead || int(n) > len(rest) {
		return s, errors.New("the shipment is cut off")
	}
	if err := json.Unmarshal(rest[:n], &s); err != nil {
		return s, fmt.Errorf("the shipment's description: %w", err)
	}
	rest = rest[n:]
	for _, h := range s.Head.Batches {
		if h.Size < 0 || h.Size > int64(len(rest)) {
			return s, errors.New("the shipment is cut off")
		}
		s.Bodies = append(s.Bodies, rest[:h.Size:h.Size])
		rest = rest[h.Size:]
	}
	if len(rest) > 0 {
		return s, errors.New("the shipment is longer than it says")
	}
	return s, nil
}

// Digest names the content of a shipment.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Read reads at most most bytes.
func Read(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = errors.New("the message is too long")
	}
	return b, err
}
