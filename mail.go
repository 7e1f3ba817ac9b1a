package main

import (
	"errors"

	"latchkey/internal/config"
	"latchkey/internal/link"
	"latchkey/internal/mail"
	"latchkey/internal/names"
	"latchkey/internal/throttle"
)

// openMail makes the mail worker, and the inbox if mail stays here.
func (a *app) openMail(links *link.Maker, counters throttle.Counters) (inbox *mail.Inbox, err error) {
	var sender mail.Sender
	if a.cfg.Inbox() {
		inbox, err = mail.NewInbox(a.store, a.cfg.SecretKeys, func(address string) string {
			e, _ := names.ParseKnownEmail(address)
			return e.Key
		})
		if err != nil {
			return nil, err
		}
		sender = inbox
	} else if sender, err = openMailServer(a.cfg, 0); err != nil {
		return nil, err
	}
	app := mail.App{Name: a.cfg.AppName, Host: a.cfg.PublicURL.Host, Help: a.cfg.SupportEmail}
	if a.cfg.AppURL != nil {
		app.URL = a.cfg.AppURL.String()
	}
	templates, err := a.mailTemplates(app)
	if err != nil {
		return nil, err
	}
	c := mail.Config{
		Store: a.store, Sender: sender, Links: links, Counters: counters, Templates: templates,
		From: a.cfg.MailFrom, FromName: a.cfg.MailFromName, ReplyTo: a.cfg.SupportEmail, Log: &a.log, Now: a.now, Tally: a.tally, Trace: a.trace,
	}
	if a.testMail, err = mail.NewTrial(c); err != nil {
		return nil, err
	}
	if a.metrics != nil {
		c.Ended = a.metrics.Mailed
	}
	a.worker, err = mail.NewWorker(c)
	return inbox, err
}

// mailTemplates reads the templates of mails. What is wrong with an operator's
// own is a mistake in the configuration like any other.
func (a *app) mailTemplates(app mail.App) (*mail.Templates, error) {
	if a.cfg.MailTemplates == "" {
		return mail.NewTemplates(app)
	}
	templates, err := mail.LoadTemplates(app, a.cfg.MailTemplates)
	wrong, ok := errors.AsType[mail.TemplateMistakes](err)
	if !ok {
		return templates, err
	}
	var mistakes config.Mistakes
	for _, text := range wrong {
		mistakes = append(mistakes, config.Mistake{Name: "MAIL_TEMPLATES", Text: text})
	}
	return nil, mistakes
}
