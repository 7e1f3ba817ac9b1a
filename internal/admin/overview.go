package admin

import (
	"net/http"
	"time"
)

// numbers is the page of what happens here.
type numbers struct {
	Days []day
	Now  struct {
		MailsWaiting, MailsGivenUp, Users, Sessions int
		OldestMailAt                                *time.Time
	}
	Plots []plot
}

type day struct {
	Day                                                           string
	Registrations, Logins, RefusedLogins, MailsSent, MailsGivenUp int
}

// plot is a picture of one number by day.
type plot struct {
	ID, Title   string
	Total, Most int
	Bars        []bar
}

// bar is a day in it, in units of the picture: a bar is 8 wide, and 60 is the highest.
type bar struct {
	X, Y, Height int
	Day          string
	N            int
}

const plotHeight = 60

// newPlot draws a number of each day.
func newPlot(id, title string, days []day, of func(d day) int) plot {
	p := plot{ID: id, Title: title}
	for _, d := range days {
		p.Total, p.Most = p.Total+of(d), max(p.Most, of(d))
	}
	for i, d := range days {
		b := bar{X: i * 10, Day: d.Day, N: of(d)}
		if p.Most > 0 {
			b.Height = b.N * plotHeight / p.Most
		}
		if b.N > 0 {
			b.Height = max(b.Height, 2) // little is not nothing
		}
		b.Y = plotHeight - b.Height
		p.Bars = append(p.Bars, b)
	}
	return p
}

// Width is that of the picture.
func (p plot) Width() int { return max(len(p.Bars)*10-2, 1) }

func (s *server) overview(v *view) {
	var got struct{ Statistics numbers }
	if err := v.run("statistics", nil, &got); err != nil {
		v.fail(err)
		return
	}
	n := got.Statistics
	n.Plots = []plot{
		newPlot("registrations", "Registrations", n.Days, func(d day) int { return d.Registrations }),
		newPlot("logins", "Logins", n.Days, func(d day) int { return d.Logins }),
		newPlot("refused", "Refused logins", n.Days, func(d day) int { return d.RefusedLogins }),
		newPlot("mails", "Mails", n.Days, func(d day) int { return d.MailsSent }),
	}
	v.write(http.StatusOK, "overview", n)
}
