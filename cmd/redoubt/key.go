package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/backup/keyring"
	"redoubt/backup/repository"
)

func keyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "key",
		Short: "Keys of encrypted repositories",
		Long: "Keys of encrypted repositories. A repository has data keys, which encrypt its objects; they lie in it, locked with a key that\n" +
			"does not: a key file, a passphrase or a key of Vault or of a cloud. Without that one nothing in the repository can be read again.",
	}
	c.AddCommand(keyCreateCommand(), keyListCommand(), keyRotateCommand(), keyRewrapCommand(), keyRetireCommand(), keyAuditCommand())
	return c
}

func keyCreateCommand() *cobra.Command {
	address, mount, name, tokenFile := "", "", "", ""
	kms := keyring.KMS{}
	c := &cobra.Command{
		Use:   "create FILE",
		Short: "Make a key file",
		Long: "Make a key file with a new random key, or, with --vault or --kms, one that names a key of Vault's transit engine or of a\n" +
			"cloud's key management service, and has no secret.\n" +
			"Keep a copy elsewhere than the repository: who loses the key has lost the backups.",
		Example: "  redoubt key create backup.key\n  redoubt key create vault.key --vault https://vault:8200 --vault-key redoubt\n" +
			"  redoubt key create kms.key --kms 'awskms:///alias/redoubt?region=eu-central-1'",
		Args: cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&address, "vault", "", "address of a Vault or OpenBao server")
	c.Flags().StringVar(&name, "vault-key", "", "key of its transit engine")
	c.Flags().StringVar(&mount, "vault-mount", "transit", "where the transit engine is mounted")
	c.Flags().StringVar(&tokenFile, "vault-token-file", "", "file with the token, read anew for each request; without it VAULT_TOKEN is used")
	c.Flags().StringVar(&kms.URL, "kms", "", "key of a cloud: awskms:///KEY?region=REGION, gcpkms://projects/…/cryptoKeys/KEY or azurekv://VAULT.vault.azure.net/keys/KEY")
	c.Flags().StringVar(&kms.CredentialsFile, "kms-credentials-file", "", "file with an access token, for awskms with profiles as AWS has them, read anew for each request; without it the environment has them")
	c.MarkFlagsRequiredTogether("vault", "vault-key")
	c.MarkFlagsMutuallyExclusive("vault", "kms")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		id, what := "", "key file"
		switch {
		case kms.URL != "":
			what = "key file for " + kms.URL
			id, err = keyring.CreateKMSFile(args[0], kms, time.Now())
		case address == "":
			id, err = keyring.CreateFile(args[0], time.Now())
		default:
			what = "key file for a key of Vault"
			v := keyring.NewVault(address, mount, name)
			v.TokenFile = tokenFile
			id, err = keyring.CreateVaultFile(args[0], v, time.Now())
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "made %s %s: %s; keep a copy of it, but not in the repository\n", what, id, args[0])
		return nil
	}
	return c
}

func keyListCommand() *cobra.Command {
	from, format := repositoryFlags{}, ""
	c := &cobra.Command{
		Use:   "list",
		Short: "List the data keys of a repository, and how much is encrypted with each",
		Long:  "List the data keys of a repository, and how much is encrypted with each. It needs no key, and tells which one is needed.",
		Args:  cobra.NoArgs,
	}
	from.addAddress(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		r, err := from.openSealed()
		if err != nil {
			return err
		}
		keys, plain, err := r.Keys(c.Context())
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			return fmt.Errorf("repository %s is not encrypted", r)
		}
		out := lister{w: c.OutOrStdout(), format: format}
		var bad []error
		for i := range keys {
			bad = append(bad, keys[i].Errors...)
			if err := out.print(keyFields(&keys[i])); err != nil {
				return err
			}
		}
		if err := out.end(); err != nil {
			return err
		}
		if len(plain) > 0 {
			bad = append(bad, fmt.Errorf("%d objects are not encrypted, as %s: nobody reads them", len(plain), plain[0]))
		}
		return errors.Join(bad...)
	}
	formatFlag(c, &format, "table", "json", "csv")
	return c
}

func keyFields(k *repository.Key) []field {
	state := "old"
	if k.Primary {
		state = "primary"
	}
	return []field{
		{"key", k.DataKey.String()},
		{"state", state},
		{"created", orNone(k.Created)},
		{"locked_with", orNone(strings.Join(k.Locks, ", "))},
		{"objects", k.Objects},
		{"bytes", k.Bytes},
	}
}

func keyRotateCommand() *cobra.Command {
	from := repositoryFlags{}
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Make a new data key for what comes",
		Long: "Make a new data key, with which new objects are encrypted. What is there stays as it is, and opens as before.\n" +
			"Running nodes take the new key within a minute.",
		Args: cobra.NoArgs,
	}
	from.add(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		r, err := from.open(c.Context())
		if err != nil {
			return err
		}
		k, err := r.Rotate(c.Context())
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "new objects are encrypted with key %s\n", k)
		return nil
	}
	return c
}

func keyRewrapCommand() *cobra.Command {
	from := repositoryFlags{}
	to := keyring.Source{}
	c := &cobra.Command{
		Use:   "rewrap",
		Short: "Lock the data keys with another key file or passphrase",
		Long: "Lock the data keys of a repository with another key, which is needed from then on. Nothing else is written anew. Running nodes\n" +
			"go on with what they have opened, but must be started with the new key before the next rotation.",
		Args: cobra.NoArgs,
	}
	from.add(c)
	c.Flags().StringVar(&to.KeyFile, "to-key", "", "key file, or URL of a key, that is needed from now on")
	c.Flags().StringVar(&to.PassphraseFile, "to-passphrase-file", "", "file with the passphrase that is needed from now on")
	c.MarkFlagsMutuallyExclusive("to-key", "to-passphrase-file")
	c.MarkFlagsOneRequired("to-key", "to-passphrase-file")
	c.RunE = func(c *cobra.Command, _ []string) error {
		to.VaultToken, to.KMS = vaultToken(), keyring.EnvironmentKMS()
		kek, err := to.KEK()
		if err != nil {
			return err
		}
		r, err := from.open(c.Context())
		if err != nil {
			return err
		}
		n, err := r.Rewrap(c.Context(), kek)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "%d data keys are locked with %s\n", n, kek)
		return nil
	}
	return c
}

func keyRetireCommand() *cobra.Command {
	from := repositoryFlags{}
	c := &cobra.Command{
		Use:   "retire KEY",
		Short: "Delete a data key that no object needs",
		Long:  "Delete a data key. It is refused while an object is encrypted with it, and for an hour after a rotation.",
		Args:  cobra.ExactArgs(1),
	}
	from.add(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		r, err := from.open(c.Context())
		if err != nil {
			return err
		}
		if err := r.Retire(c.Context(), args[0]); err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "key %s is deleted\n", args[0])
		return nil
	}
	return c
}

func keyAuditCommand() *cobra.Command {
	from, format := repositoryFlags{}, ""
	c := &cobra.Command{
		Use:   "audit",
		Short: "Show who did what with the keys of a repository, and when",
		Args:  cobra.NoArgs,
	}
	from.addAddress(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		r, err := from.openSealed()
		if err != nil {
			return err
		}
		trail, notes, err := r.Audit(c.Context())
		if err != nil {
			return err
		}
		out := lister{w: c.OutOrStdout(), format: format}
		for _, e := range trail {
			if err := out.print([]field{{"time", e.Time}, {"who", e.Who}, {"what", string(e.What)}, {"key", orNone(e.Key)}, {"detail", orNone(e.Detail)}}); err != nil {
				return err
			}
		}
		if err := out.end(); err != nil {
			return err
		}
		var bad []error
		for _, note := range notes {
			bad = append(bad, errors.New(note))
		}
		return errors.Join(bad...)
	}
	formatFlag(c, &format, "table", "json", "csv")
	return c
}
