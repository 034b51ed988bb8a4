package main

import (
	"context"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"redoubt/backup/keyring"
	"redoubt/backup/repository"
	"redoubt/backup/store"
)

const (
	repositoryHelp = "repository, file:///DIRECTORY or s3://BUCKET/PREFIX?endpoint=URL&region=REGION"
	keyHelp        = "key file of an encrypted repository (redoubt key create), or the URL of a key: awskms:, gcpkms: or azurekv:"
	passphraseHelp = "file with the passphrase of an encrypted repository; or set REDOUBT_PASSPHRASE"
)

// repositoryFlags say which repository a command opens, and with which key.
type repositoryFlags struct{ address, keyFile, passphraseFile string }

// add adds --repo, which is required, and the flags of its key.
func (f *repositoryFlags) add(c *cobra.Command) {
	f.flags(c)
	f.require(c)
}

// flags adds --repo and the flags of its key.
func (f *repositoryFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.address, "repo", "", repositoryHelp)
	c.Flags().StringVar(&f.keyFile, "encrypt-key", "", keyHelp)
	c.Flags().StringVar(&f.passphraseFile, "encrypt-passphrase-file", "", passphraseHelp)
	c.MarkFlagsMutuallyExclusive("encrypt-key", "encrypt-passphrase-file")
}

func (f *repositoryFlags) addAddress(c *cobra.Command) {
	c.Flags().StringVar(&f.address, "repo", "", repositoryHelp)
	f.require(c)
}

func (f *repositoryFlags) require(c *cobra.Command) {
	if err := c.MarkFlagRequired("repo"); err != nil {
		panic(err) // the flag is there
	}
}

// open opens it.
func (f *repositoryFlags) open(ctx context.Context) (*repository.Repository, error) {
	from := keyring.Source{KeyFile: f.keyFile, PassphraseFile: f.passphraseFile, Passphrase: passphrase(), VaultToken: vaultToken(), KMS: keyring.EnvironmentKMS()}
	kek, err := from.KEK()
	if err != nil {
		return nil, err
	}
	return repository.Open(ctx, f.address, repository.Options{Store: store.Options{S3: s3Credentials()}, KEK: kek, Who: who()})
}

// openSealed finds it without opening its keys: for what can be told without them.
func (f *repositoryFlags) openSealed() (*repository.Repository, error) {
	return repository.At(f.address, repository.Options{Store: store.Options{S3: s3Credentials()}})
}

// who runs the command.
func who() string {
	name, host := "somebody", "somewhere"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

// passphrase is the key of encrypted repositories if no flag names another.
func passphrase() string { return os.Getenv("REDOUBT_PASSPHRASE") }

// vaultToken is what every program for Vault reads.
func vaultToken() string { return os.Getenv("VAULT_TOKEN") }

// s3Credentials reads the variables that every program for S3 reads.
func s3Credentials() store.Credentials {
	return store.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
	}
}
