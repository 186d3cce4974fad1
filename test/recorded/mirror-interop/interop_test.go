// Put into internal/witness of Sunlight by ../mirror-interop.ts: its mirror for our log, and its client code against our mirror.
package witness

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// TestInteropServe runs a mirror of the log INTEROP_LOG_VKEY, writes its address and key to INTEROP_OUT, and ends when INTEROP_DONE exists.
func TestInteropServe(t *testing.T) {
	vkey := os.Getenv("INTEROP_LOG_VKEY")
	verifier, err := note.NewVerifier(vkey)
	fatalIfErr(t, err)
	w := newTestMirrorWitness(t, &testMirrorLog{origin: verifier.Name(), vkey: vkey})
	server := httptest.NewServer(w.Handler())
	defer server.Close()
	mirrorKey, _ := w.MirrorVerifierKey()
	fatalIfErr(t, os.WriteFile(os.Getenv("INTEROP_OUT"), []byte(server.URL+"\n"+mirrorKey+"\n"), 0o644))
	for range 6000 {
		if _, err := os.Stat(os.Getenv("INTEROP_DONE")); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("nobody said that it is done")
}

// TestInteropKey writes a log's private and public key to INTEROP_KEY.
func TestInteropKey(t *testing.T) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "example.com/testlog")
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(os.Getenv("INTEROP_KEY"), []byte(skey+"\n"+vkey+"\n"), 0o600))
}

// TestInteropDrive grows that log and uploads it to the mirror INTEROP_MIRROR_URL, named example.org/mirror.
func TestInteropDrive(t *testing.T) {
	url := os.Getenv("INTEROP_MIRROR_URL")
	key, err := os.ReadFile(os.Getenv("INTEROP_KEY"))
	fatalIfErr(t, err)
	skey, vkey, _ := strings.Cut(strings.TrimSpace(string(key)), "\n")
	log := newTestMirrorLog(t, "example.com/testlog")
	log.signer, err = note.NewSigner(skey)
	fatalIfErr(t, err)
	log.vkey = vkey
	post := func(path, contentType string, body []byte, want int) (string, http.Header) {
		t.Helper()
		response, err := http.Post(url+path, contentType, bytes.NewReader(body))
		fatalIfErr(t, err)
		defer response.Body.Close()
		found, err := io.ReadAll(response.Body)
		fatalIfErr(t, err)
		if response.StatusCode != want {
			t.Fatalf("%s: expected %d, found %d: %s", path, want, response.StatusCode, found)
		}
		return string(found), response.Header
	}
	checkpoint := func(from, to int64) {
		t.Helper()
		post("/add-checkpoint", "text/plain", []byte(log.addCheckpointBody(t, from, to)), http.StatusOK)
	}
	entries := func(body []byte, want int) string {
		t.Helper()
		found, header := post("/add-entries", "application/octet-stream", body, want)
		recorder := httptest.NewRecorder()
		recorder.Code = want
		recorder.HeaderMap = header
		// Its checks know the name of its own test mirror only.
		recorder.Body.WriteString(strings.ReplaceAll(found, "— example.org/mirror ", "— example.com/mirror "))
		checkAddEntriesResponse(t, recorder)
		return found
	}
	log.grow(t, 600)
	checkpoint(0, 600)
	entries(log.addEntriesBody(t, 0, 600, 600, nil, 0), http.StatusOK)
	entries(log.addEntriesBody(t, 600, 600, 600, nil, 0), http.StatusOK)
	log.grow(t, 5000)
	checkpoint(600, 5000)
	pending, next, ticket := parseMirrorInfo(t, entries(log.addEntriesBody(t, 600, 5000, 5000, nil, 3), http.StatusAccepted))
	if pending != 5000 || next != 1280 {
		t.Fatalf("expected mirror-info 5000 1280, found %d %d", pending, next)
	}
	checkpoint(5000, 5600)
	entries(log.addEntriesBody(t, 1280, 5000, 5000, nil, 0), http.StatusConflict)
	entries(log.addEntriesBody(t, 1280, 5000, 5000, ticket, 0), http.StatusOK)
	entries(log.addEntriesBody(t, 5000, 5600, 5600, nil, 0), http.StatusOK)
	response, err := http.Get(url + "/" + OriginHash(log.origin) + "/checkpoint")
	fatalIfErr(t, err)
	defer response.Body.Close()
	served, err := io.ReadAll(response.Body)
	fatalIfErr(t, err)
	verifier, err := note.NewVerifier(vkey)
	fatalIfErr(t, err)
	if _, err := note.Open(served, note.VerifierList(verifier)); err != nil || !strings.Contains(string(served), "\n5600\n") {
		t.Fatalf("expected a checkpoint of size 5600, found %s (%v)", served, err)
	}
}
