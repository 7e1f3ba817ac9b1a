// Package migrations holds the database's schema: one folder a dialect, one
// numbered file a change, in goose's format. A released file is never edited.
package migrations

import "embed"

//go:embed postgres/*.sql
var Postgres embed.FS

//go:embed sqlite/*.sql
var SQLite embed.FS
