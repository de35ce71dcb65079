import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  commandsOf,
  containersHeading,
  kubectlsToTest,
  readmeBlocks,
  repository,
  run,
  type ComposeCluster,
} from '../support/index.ts';

/** Runs what the README says of containers against the cluster that its first command started. */
export function readmeBody(shared: () => Promise<ComposeCluster>): void {
  const kubectl = kubectlsToTest().at(-1);
  const blocks = readmeBlocks().get(containersHeading) ?? [];

  describe.skipIf(kubectl === undefined)('the commands of the README for containers', () => {
    let cluster: ComposeCluster;
    let bin: string;
    beforeAll(async () => {
      cluster = await shared();
      bin = mkdtempSync(join(tmpdir(), 'drydock-readme-'));
      symlinkSync(kubectl?.path ?? '', join(bin, 'kubectl'));
      const grpcurl = join(repository, 'e2e/support/grpcurl.ts');
      writeFileSync(join(bin, 'grpcurl'), `#!/bin/sh\nexec '${process.execPath}' '${grpcurl}' "$@"\n`);
      chmodSync(join(bin, 'grpcurl'), 0o755);
    });
    afterAll(() => rmSync(bin, { recursive: true, force: true }));

    it('are those that start the cluster under test', () => {
      const compose = blocks.flatMap(commandsOf).filter((line) => line.startsWith('docker-compose '));
      expect(compose[0]).toBe('docker-compose up --detach');
      expect(compose.every((line) => / (up --detach|down --volumes)$/.test(line))).toBe(true);
    });

    it('use it with kubectl and grpcurl', async () => {
      const lines = blocks.flatMap(commandsOf).filter((line) => !line.startsWith('docker-compose '));
      expect(lines.filter((line) => !/^(export|kubectl|grpcurl) /.test(line))).toEqual([]);
      const script = lines
        .join('\n')
        .replaceAll('deploy/kubeconfig', dirname(cluster.kubeconfig))
        .replaceAll('localhost:7050', `localhost:${cluster.grpcPorts.apiserver}`)
        .replaceAll('localhost:7051', `localhost:${cluster.grpcPorts['controller-manager']}`)
        .replaceAll('localhost:7052', `localhost:${cluster.grpcPorts['kubelet-sim']}`)
        .replaceAll('localhost:7053', `localhost:${cluster.grpcPorts.scheduler}`)
        .replaceAll('localhost:7054', `localhost:${cluster.grpcPorts.aggregator}`);
      const env = { PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, HOME: bin };
      const result = await run('bash', ['-euo', 'pipefail', '-c', script], { env });
      expect(result.code, result.stdout + result.stderr).toBe(0);
      expect(result.stdout).toContain('drydock.v1.ResourceService');
      expect(result.stdout).toContain('SERVING');
    });

    it('for operators look inside', async () => {
      const [inside = ''] = readmeBlocks('docs/operators.md').get('Looking inside') ?? [];
      // What goes on until it is stopped is left out.
      const looks = commandsOf(inside).filter((line) => !line.includes('--follow'));
      expect(looks.every((line) => line.startsWith('docker-compose exec -T '))).toBe(true);
      const out = (await Promise.all(looks.map((line) => cluster.script(line)))).join('\n');
      expect(out).toContain('/registry/apps/deployments/default/shop');
      expect(out).toContain('livez check passed');
      expect(out).toContain('grpc_client_handled_total');
    });
  });
}
