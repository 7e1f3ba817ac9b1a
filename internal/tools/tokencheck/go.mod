module latchkey/internal/tools/tokencheck

go 1.26.0

require (
	github.com/go-json-experiment/json v1.27.2
	latchkey v0.0.0
	latchkey/verify v0.0.0
)

require (
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	github.com/google/uuid v1.6.0 // indirect
)

replace (
	latchkey => ../../../
	latchkey/verify => ../../../verify
)
