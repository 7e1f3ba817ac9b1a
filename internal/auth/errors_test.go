package auth_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
)

func TestWaitWords(t *testing.T) {
	tests := []struct {
		d    time.Duration
		want string
	}{
		{0, "one second"},
		{300 * time.Millisecond, "one second"},
		{29100 * time.Millisecond, "30 seconds"},
		{91 * time.Second, "2 minutes"},
		{10 * time.Minute, "10 minutes"},
		{2*time.Hour + time.Minute, "3 hours"},
	}
	for _, tt := range tests {
		if got := auth.InWords(tt.d); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.d, got, tt.want)
		}
	}
}

// Who is told to wait is told how long.
func TestRateLimitedSaysHowLong(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for range 10 {
			expect(t, "within the limit", f.try("ada", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		}
		if got := auth.AsError(f.try("ada", wrongPassword, client(1))); !strings.HasSuffix(got.Message, "Try again in 4 minutes.") {
			t.Errorf("beyond it: %q", got.Message)
		}
	})
}
