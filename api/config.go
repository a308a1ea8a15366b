package api

import (
	"fmt"
	"net/netip"
	"time"
)

// Config holds the limits of the server. Zero fields mean the defaults named here.
type Config struct {
	// BodyLimit is the most bytes that a request's body may have. Default 256 KiB.
	BodyLimit int64
	// RequestTimeout ends a request that takes longer, with 503. Default 10 s.
	RequestTimeout time.Duration
	// PersonRate and PersonBurst limit the requests a second of one person. Defaults 50 and 100.
	PersonRate  float64
	PersonBurst int
	// AddressRate and AddressBurst limit the requests a second without a valid sign-in from one address. Defaults 10 and 40.
	AddressRate  float64
	AddressBurst int
	// TrustedProxies are the networks whose X-Forwarded-For and X-Forwarded-Proto are believed. Default none: the address is
	// that of the connection.
	TrustedProxies []netip.Prefix
	// Location is the time zone of the house, in which a room's day begins and ends. Default UTC.
	Location *time.Location
}

func (c Config) withDefaults() Config {
	c.BodyLimit = orDefault(c.BodyLimit, 256<<10)
	c.RequestTimeout = orDefault(c.RequestTimeout, 10*time.Second)
	c.PersonRate = orDefault(c.PersonRate, 50)
	c.PersonBurst = orDefault(c.PersonBurst, 100)
	c.AddressRate = orDefault(c.AddressRate, 10)
	c.AddressBurst = orDefault(c.AddressBurst, 40)
	c.Location = orDefault(c.Location, time.UTC)
	return c
}

// check refuses limits that would let nothing through.
func (c Config) check() error {
	for name, value := range map[string]float64{
		"BodyLimit": float64(c.BodyLimit), "RequestTimeout": float64(c.RequestTimeout), "PersonRate": c.PersonRate,
		"PersonBurst": float64(c.PersonBurst), "AddressRate": c.AddressRate, "AddressBurst": float64(c.AddressBurst),
	} {
		if value < 0 {
			return fmt.Errorf("api config: %s is negative, leave it out for the default", name)
		}
	}
	return nil
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
