"""Which of the certificates that people mount certificate.py serves, and what it says of the others. Needs `openssl`."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
from pathlib import Path

import certificate


class Certificate(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.made = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        for name in ("ours", "other"):
            make_certificate(cls.made, name)

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.tls = self.folder / "tls"
        self.tls.mkdir()

    def put(self, **files):
        """Copies files, named by the one that they are made of: put(ours_crt="cert.pem")."""
        for source, name in files.items():
            shutil.copy(self.made / source.replace("_", "."), self.tls / name)

    def chosen(self, folder=None, held_to_modes=False):
        """The names of the files that are chosen and what is said; the names are None where it ends with an error."""
        command = [sys.executable, certificate.__file__, folder or self.tls]
        if held_to_modes and os.geteuid() == 0:
            command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
        ran = subprocess.run(command, capture_output=True, text=True)
        self.assertNotIn("Traceback", ran.stderr)
        names = [Path(line).name for line in ran.stdout.split()]
        return (None if ran.returncode else names), ran.stderr

    def assert_refused(self, *words, **how):
        names, said = self.chosen(**how)
        self.assertIsNone(names, said)
        for word in words:
            self.assertIn(word, said)

    def test_every_common_pair_of_names_is_served(self):
        for pair in certificate.PAIRS:
            shutil.rmtree(self.tls)
            self.tls.mkdir()
            self.put(ours_crt=pair[0], ours_key=pair[1])
            self.assertEqual(self.chosen(), (list(pair), ""))

    def test_nothing_mounted_is_no_certificate_and_no_error(self):
        self.assertEqual(self.chosen(self.folder / "nowhere" / "tls"), ([], ""))

    def test_links_as_kubernetes_and_lets_encrypt_make_them_are_followed(self):
        (self.tls / "..2026").mkdir()
        (self.tls / "..data").symlink_to("..2026")
        for name, source in (("tls.crt", "ours.crt"), ("tls.key", "ours.key")):
            shutil.copy(self.made / source, self.tls / "..2026" / name)
            (self.tls / name).symlink_to(f"..data/{name}")
        self.assertEqual(self.chosen(), (["tls.crt", "tls.key"], ""))
        # Let's Encrypt's folder has the certificate without its chain too, which has no key under the same names.
        self.put(ours_crt="cert.pem")
        self.assertEqual(self.chosen(), (["tls.crt", "tls.key"], ""))

    def test_what_was_mounted_and_has_no_pair_is_refused(self):
        self.assert_refused("is empty", "cert.pem and key.pem, tls.crt and tls.key")
        (self.tls / "site.crt").touch()
        self.assert_refused("only site.crt", "cert.pem and key.pem")
        self.assert_refused("is a file", folder=self.tls / "site.crt")
        self.assert_refused("was mounted without deeper", folder=self.tls / "deeper")
        (self.folder / "link").symlink_to("gone")
        self.assert_refused("is a link to gone", folder=self.folder / "link")

    def test_one_of_two_is_refused(self):
        self.put(ours_crt="cert.pem")
        self.assert_refused("has cert.pem but no key.pem")
        self.put(ours_key="privkey.pem")
        self.assert_refused("has cert.pem but no key.pem", "its files: cert.pem, privkey.pem")

    def test_two_certificates_are_refused_unless_they_are_one(self):
        self.put(ours_crt="cert.pem", ours_key="key.pem")
        for name in ("crt", "key"):
            (self.tls / f"server.{name}").symlink_to(self.made / f"ours.{name}")
        self.assertEqual(self.chosen(), (["cert.pem", "key.pem"], ""))
        self.put(other_crt="tls.crt", other_key="tls.key")
        self.assert_refused("several certificates (cert.pem, tls.crt, server.crt)")

    def test_what_is_no_file_that_can_be_read_is_refused(self):
        key = self.tls / "key.pem"
        self.put(ours_crt="cert.pem")
        key.symlink_to("../../archive/key1.pem")
        self.assert_refused("is a link to ../../archive/key1.pem, which is not in the container", "Mount the file itself")
        key.unlink()
        key.symlink_to("key.pem")
        self.assert_refused("cannot be read: Too many levels")
        key.unlink()
        key.mkdir()
        self.assert_refused("key.pem is a folder", "Correct the path")
        key.rmdir()
        os.mkfifo(key)
        self.assert_refused("is not a regular file")
        key.unlink()
        self.put(ours_key="key.pem")
        key.chmod(0)
        self.assert_refused("cannot be read by user", "(mode 0)", "--user", held_to_modes=True)
        self.tls.chmod(0)
        self.assert_refused("tls cannot be read by user", held_to_modes=True)
        self.tls.chmod(0o755)

    def test_what_is_no_certificate_and_its_key_is_refused(self):
        for words, files in (
            (["is not the key of"], {"ours_crt": "cert.pem", "other_key": "key.pem"}),
            (["interchanged"], {"ours_crt": "key.pem", "ours_key": "cert.pem"}),
            (["has a passphrase", "openssl pkey -in key.pem"], {"ours_crt": "cert.pem", "ours_encrypted": "key.pem"}),
            (["has a passphrase"], {"ours_crt": "cert.pem", "ours_traditional": "key.pem"}),
            (["cert.pem is not PEM", "openssl x509 -inform DER"], {"ours_der": "cert.pem", "ours_key": "key.pem"}),
            (["key.pem is not PEM", "openssl pkey -inform DER"], {"ours_crt": "cert.pem", "ours_keyder": "key.pem"}),
            (["cert.pem is empty"], {"ours_nothing": "cert.pem", "ours_key": "key.pem"}),
            (["cannot be served"], {"ours_torn": "cert.pem", "ours_key": "key.pem"}),
        ):
            self.put(**files)
            self.assert_refused(*words)

    def test_a_certificate_out_of_date_is_served_with_a_warning(self):
        for days, words in ((3, "expired on"), (-3, "is valid from")):
            now = time.time() + days * 86_400
            with contextlib.redirect_stderr(io.StringIO()) as said, unittest.mock.patch("time.time", return_value=now):
                certificate.warn_of_dates(self.made / "ours.crt")
            self.assertIn(words, said.getvalue())


def make_certificate(folder, name):
    """A certificate, its key, and the forms of both that are not served."""
    made = folder / name

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", f"/CN={name}", "-keyout", f"{made}.key",
            "-out", f"{made}.crt")  # fmt: skip
    openssl("x509", "-in", f"{made}.crt", "-outform", "DER", "-out", f"{made}.der")
    openssl("pkey", "-in", f"{made}.key", "-outform", "DER", "-out", f"{made}.keyder")
    openssl("pkey", "-in", f"{made}.key", "-aes256", "-passout", "pass:secret", "-out", f"{made}.encrypted")
    openssl("rsa", "-in", f"{made}.key", "-traditional", "-aes256", "-passout", "pass:secret", "-out", f"{made}.traditional")
    (folder / f"{name}.nothing").touch()
    text = (folder / f"{name}.crt").read_text()
    (folder / f"{name}.torn").write_text(text[: len(text) // 2] + "\n-----END CERTIFICATE-----\n")


if __name__ == "__main__":
    unittest.main()
