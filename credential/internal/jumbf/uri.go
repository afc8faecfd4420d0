package jumbf

import "strings"

// Scheme begins the URI of a box in the same store (ISO/IEC 19566-5, B.5; C2PA 2.2, 8.3).
const Scheme = "self#jumbf="

// URI returns the absolute URI of the box that labels lead to, the store's own label first.
func URI(labels ...string) string { return Scheme + "/" + strings.Join(labels, "/") }

// Split returns the labels of a URI, and whether it counts from the store's root. A URI that begins with anything but a
// slash counts from the manifest that it stands in, unless it begins with the store's own label, as old writers left the
// slash out.
func Split(uri string) (labels []string, absolute, ok bool) {
	path, ok := strings.CutPrefix(uri, Scheme)
	if !ok || path == "" {
		return nil, false, false
	}
	path, absolute = strings.CutPrefix(path, "/")
	labels = strings.Split(path, "/")
	for _, l := range labels {
		if l == "" {
			return nil, false, false
		}
	}
	return labels, absolute || labels[0] == "c2pa", true
}

// Resolve returns the box that a URI names, or nil. The manifest is where a relative URI begins.
func Resolve(store, manifest *Box, uri string) *Box {
	labels, absolute, ok := Split(uri)
	if !ok {
		return nil
	}
	at := manifest
	if absolute {
		if labels[0] != store.Label {
			return nil
		}
		at, labels = store, labels[1:]
	}
	for _, l := range labels {
		if at == nil {
			return nil
		}
		at = at.Child(l)
	}
	return at
}
