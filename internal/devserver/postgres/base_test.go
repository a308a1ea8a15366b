package postgres

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// stranger is an account that owns nothing on this machine, so that only the
// mode bits for others count.
func stranger() account {
	return account{name: "stranger", uid: 54321, gid: 54321, drop: true}
}

// openFolder returns a new folder every account can enter; t.TempDir's are closed.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "steward-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	dir, err = filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	return dir
}

func TestClosedFolder(t *testing.T) {
	t.Parallel()
	open := openFolder(t)
	inner := filepath.Join(open, "a", "b")
	require.NoError(t, os.MkdirAll(inner, 0o755))
	link := filepath.Join(open, "link")
	require.NoError(t, os.Symlink(inner, link))

	closed, err := stranger().closedFolder(inner)
	require.NoError(t, err)
	require.Empty(t, closed)

	require.NoError(t, os.Chmod(filepath.Join(open, "a"), 0o700))
	for _, path := range []string{inner, link} {
		closed, err = stranger().closedFolder(path)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(open, "a"), closed, "the folder that has to be opened is named")
	}
	closed, err = account{}.closedFolder(inner)
	require.NoError(t, err)
	require.Empty(t, closed, "who does not drop to another account is not checked")
	_, err = stranger().closedFolder(filepath.Join(open, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestMayEnterLooksAtOwnerThenGroupThenOthers(t *testing.T) {
	t.Parallel()
	dir := openFolder(t)
	owner := account{uid: uint32(os.Getuid()), gid: 54321, drop: true}
	group := account{uid: 54321, gid: uint32(os.Getgid()), drop: true}
	for _, test := range []struct {
		mode                 os.FileMode
		owner, group, others bool
	}{
		{0o700, true, false, false}, {0o710, true, true, false}, {0o711, true, true, true}, {0o701, true, false, true}, {0o611, false, true, true},
	} {
		require.NoError(t, os.Chmod(dir, test.mode))
		info, err := os.Stat(dir)
		require.NoError(t, err)
		require.Equal(t, test.owner, owner.mayEnter(info), "owner, %o", test.mode)
		require.Equal(t, test.group, group.mayEnter(info), "group, %o", test.mode)
		require.Equal(t, test.others, stranger().mayEnter(info), "others, %o", test.mode)
	}
	require.NoError(t, os.Chmod(dir, 0o755))
}

func TestOpenBaseRefusesWhenNoFolderWillDo(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(openFolder(t), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	_, err := openBase(filepath.Join(closed, "pg"), closed, stranger(), func(string) {})
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "chmod o+x "+closed)
}

func TestEnsureBaseRefusesWhatItCannotTrust(t *testing.T) {
	t.Parallel()
	dir := openFolder(t)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := ensureBase(file, account{})
	require.ErrorIs(t, err, ErrUnreachable)
	_, err = ensureBase(filepath.Join(dir, "missing", "pg"), account{})
	require.ErrorIs(t, err, os.ErrNotExist)

	first, err := ensureBase(filepath.Join(dir, "pg"), account{})
	require.NoError(t, err)
	again, err := ensureBase(filepath.Join(dir, "pg"), account{})
	require.NoError(t, err)
	require.Equal(t, first, again)
	info, err := os.Stat(first)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestFirstAccount(t *testing.T) {
	t.Parallel()
	_, err := firstAccount("no-such-account-a", "root")
	require.ErrorIs(t, err, ErrNoAccount, "root is not an account to drop to")
	require.ErrorContains(t, err, "useradd --system postgres")
	acct, err := firstAccount("no-such-account-a", "nobody")
	require.NoError(t, err)
	require.Equal(t, "nobody", acct.name)
	require.Equal(t, acct.uid, acct.credential().Uid)
	require.Nil(t, account{}.credential())
}

func TestLockNamesItsHolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := lockFolder(dir)
	require.NoError(t, err)
	_, err = lockFolder(dir)
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, "another run (pid ")
	lock.release()
	lock, err = lockFolder(dir)
	require.NoError(t, err)
	lock.release()
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		opts Options
		want string
	}{
		{Options{}, "Dir is empty"},
		{Options{Dir: "x", Port: 70000}, "Port is 70000"},
		{Options{Dir: "x", Port: -1}, "Port is -1"},
		{Options{Dir: "x", MaxConnections: 3}, "MaxConnections is 3"},
	} {
		_, err := Start(t.Context(), test.opts)
		require.ErrorContains(t, err, test.want)
	}
}

func TestRemoveDataTouchesOnlyNumberedFolders(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	putData(t, base, "15")
	putData(t, base, "16")
	putData(t, base, "binaries")
	require.NoError(t, os.WriteFile(filepath.Join(base, "17"), nil, 0o600))
	require.NoError(t, removeData(base))
	entries, err := os.ReadDir(base)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	require.Equal(t, []string{"17", "binaries"}, names)
}
