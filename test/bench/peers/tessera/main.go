// A Tessera POSIX log over HTTP, so that test/bench/peers/log.ts can hold it beside ours: POST / with an entry answers when a published
// checkpoint covers it, which is what our log acknowledges too. It checks no signature and no duplicate: that work is ours alone.
//
//	server FOLDER
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// Tessera's own limits on how often it may act; 250 ms is its shortest recommended batch age on POSIX, 1 s its default checkpoint interval.
const (
	batchSize          = 256
	batchAge           = 250 * time.Millisecond
	checkpointInterval = time.Second
	outstanding        = 4096
	maxEntryBytes      = 16 << 10
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: server FOLDER")
	}
	ctx := context.Background()
	secret, _, err := note.GenerateKey(rand.Reader, "log.example/peer")
	check(err)
	signer, err := note.NewSigner(secret)
	check(err)
	driver, err := posix.New(ctx, posix.Config{Path: os.Args[1]})
	check(err)
	appender, _, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(batchSize, batchAge).
		WithCheckpointInterval(checkpointInterval).
		WithPushback(outstanding))
	check(err)
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 10*time.Millisecond)
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		entry, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEntryBytes))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		index, _, err := awaiter.Await(r.Context(), appender.Add(r.Context(), tessera.NewEntry(entry)))
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("content-type", "application/json")
		check(json.NewEncoder(w).Encode(map[string]any{"index": index.Index}))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{"url": "http://" + listener.Addr().String()}))
	log.Fatal(http.Serve(listener, nil))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
