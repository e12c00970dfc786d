import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate that is its own CA, and its key, both in PEM. */
export interface SelfSigned {
  cert: string;
  key: string;
}

/**
 * Makes a certificate.
 *
 * @param isExpired - whether it was good until yesterday, and not for a day from now
 * @param names - for which hosts it is
 */
export function selfSigned(
  openssl: string,
  { isExpired = false, names = 'DNS:localhost,IP:127.0.0.1' }: { isExpired?: boolean; names?: string } = {},
): SelfSigned {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  try {
    execFileSync(
      openssl,
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
        ...['-subj', '/CN=localhost', '-addext', `subjectAltName=${names}`],
        ...['-keyout', key, '-out', cert],
      ],
      { stdio: 'ignore' },
    );
    if (isExpired) {
      execFileSync(openssl, ['x509', '-in', cert, '-signkey', key, '-days', '-1', '-out', cert], { stdio: 'ignore' });
    }
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
