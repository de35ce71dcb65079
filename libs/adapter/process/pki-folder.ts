import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  certificateCovers,
  createTokenKey,
  loadCertificateMaker,
  type CertificatePair,
  type CertificateRequest,
} from '@drydock/http';

/**
 * A folder of certificates (`<name>.crt`) and keys (`<name>.key`), PEM. Whatever is asked for is read if it is there and
 * still good, and made and written otherwise.
 */
export interface PkiFolder {
  /** A certificate authority. */
  authority(name: string): Promise<CertificatePair>;
  /**
   * A certificate of an authority of this folder; made anew when it is about to expire, does not cover the hosts, or the
   * authority was just made.
   */
  certificate(authority: string, name: string, request: CertificateRequest): Promise<CertificatePair>;
  /** `<name>.key`, with which tokens are signed: a start that finds it leaves tokens good. */
  tokenKey(name: string): string;
}

/** Never half-written: a reader finds the old file or the new one. */
function writeWhole(file: string, text: string, mode: number): void {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, text, { mode });
  renameSync(draft, file);
}

/** Opens (and makes) the folder. */
export function openPkiFolder(folder: string, nowMs: number): PkiFolder {
  mkdirSync(folder, { recursive: true });
  const made = new Set<string>();
  const authorities = new Map<string, Promise<CertificatePair>>();

  function read(name: string): CertificatePair | undefined {
    const cert = join(folder, `${name}.crt`);
    const key = join(folder, `${name}.key`);
    if (!existsSync(cert) || !existsSync(key)) return undefined;
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  function write(name: string, pair: CertificatePair): CertificatePair {
    writeWhole(join(folder, `${name}.key`), pair.key, 0o600);
    writeWhole(join(folder, `${name}.crt`), pair.cert, 0o644);
    return pair;
  }

  async function openAuthority(name: string): Promise<CertificatePair> {
    const known = read(name);
    if (known !== undefined && certificateCovers(known.cert, [], nowMs)) return known;
    const maker = await loadCertificateMaker();
    const pair = write(name, await maker.createCertificateAuthority(`drydock-${name}`, nowMs));
    made.add(name);
    return pair;
  }

  function authority(name: string): Promise<CertificatePair> {
    let opened = authorities.get(name);
    if (opened === undefined) authorities.set(name, (opened = openAuthority(name)));
    return opened;
  }

  return {
    authority,
    async certificate(authorityName, name, request) {
      const issuer = await authority(authorityName);
      const present = made.has(authorityName) ? undefined : read(name);
      if (present !== undefined && certificateCovers(present.cert, request.hosts ?? [], nowMs))
        return present;
      const maker = await loadCertificateMaker();
      return write(name, await maker.issueCertificate(issuer, request, nowMs));
    },
    tokenKey(name) {
      const file = join(folder, `${name}.key`);
      if (existsSync(file)) return readFileSync(file, 'utf8');
      const key = createTokenKey();
      writeWhole(file, key, 0o600);
      return key;
    },
  };
}
