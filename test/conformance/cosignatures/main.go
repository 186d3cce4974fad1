// A cosigner and a verifier by other people's code (github.com/transparency-dev/formats), for ML-DSA-44 and Ed25519.
//
//	cosignatures sign TEXT      makes a key, cosigns the checkpoint TEXT; prints the private key, the vkey and the note
//	cosignatures verify VKEY    reads a note from stdin; prints "verified" if VKEY cosigned it
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: cosignatures sign TEXT | verify VKEY")
	}
	switch os.Args[1] {
	case "sign":
		sign(os.Args[2])
	case "verify":
		verify(os.Args[2])
	default:
		log.Fatalf("unknown command %q", os.Args[1])
	}
}

func sign(text string) {
	skey, vkey, err := fnote.GenerateMLDSAKey("foreign.example/witness")
	check(err)
	signer, err := fnote.NewSignerForCosignatureV1(skey)
	check(err)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	check(err)
	fmt.Printf("%s\n%s\n%s", skey, vkey, signed)
}

func verify(vkey string) {
	verifier, err := fnote.NewVerifierForCosignatureV1(vkey)
	check(err)
	signed, err := io.ReadAll(os.Stdin)
	check(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	check(err)
	if len(opened.Sigs) != 1 {
		log.Fatalf("expected one verified signature, found %d", len(opened.Sigs))
	}
	fmt.Println("verified")
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
