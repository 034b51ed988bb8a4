package dashboard

import (
	"compress/gzip"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// dist is the page as it was built by `npm run build` in page; acceptance checks that it is still what that gives.
//
//go:embed dist
var dist embed.FS

func index(w http.ResponseWriter, r *http.Request) { send(w, r, "index.html") }

// assets serves the files that the page is made of. Their names change with what is in them.
func assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
		send(w, r, strings.TrimPrefix(path.Clean(r.URL.Path), "/"))
	})
}

func send(w http.ResponseWriter, r *http.Request, name string) {
	body, err := fs.ReadFile(dist, "dist/"+name)
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = w.Write(body) // to a client that may be gone
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = z.Write(body)
	_ = z.Close()
}
