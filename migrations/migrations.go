// Package migrations holds the database's schema: one folder a dialect, one
// numbered file a change, in goose's format. A released file is never edited.
package migrations

import (
	"embed"
	"strings"
)

//go:embed postgres/*.sql
var Postgres embed.FS

//go:embed sqlite/*.sql
var SQLite embed.FS

//go:embed columns.txt
var columns string

// Columns returns the columns of all tables that the files make, as table.column.
func Columns() []string { return strings.Fields(columns) }
