package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// headersFor are set on every answer. Pages get a policy that allows only what this server itself sends.
func headersFor() map[string]string {
	return map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(self), microphone=(), geolocation=(self), payment=()",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
			"font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
}

// secure sets the headers that keep browsers from doing what nobody asked for.
func (s *Server) secure(next echo.HandlerFunc) echo.HandlerFunc {
	headers := headersFor()
	return func(c echo.Context) error {
		h := c.Response().Header()
		for name, value := range headers {
			h.Set(name, value)
		}
		if s.overTLS(c.Request()) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if strings.HasPrefix(c.Request().URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
			h.Set("Vary", "Accept-Language, Cookie, Authorization")
		}
		return next(c)
	}
}

// overTLS says whether the browser's connection is encrypted. A proxy's word counts only when it is trusted.
func (s *Server) overTLS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if r.Header.Get("X-Forwarded-Proto") != "https" {
		return false
	}
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, network := range s.config.TrustedProxies {
		if network.Contains(addr.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// sameSite says whether a request that a cookie authenticates comes from a page of this site. A page elsewhere can
// send the cookie's owner here, but can neither set a header of its own without our consent nor fake Origin.
func sameSite(r *http.Request) bool {
	if r.Header.Get("X-Requested-With") == "steward" || r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return true
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && origin.Host != "" && origin.Host == r.Host
}

// addressOf makes Echo's rule for a client's address from the networks of trusted proxies.
func addressOf(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, network := range trusted {
		options = append(options, echo.TrustIPRange(ipNet(network)))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// ipNet writes a network as the older package that Echo uses does.
func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
