import type { SigningRequestContent } from '@drydock/port/certificates';

/** The signers of kubernetes.io that the cluster's own authority stands behind. */
export const clientSigner = 'kubernetes.io/kube-apiserver-client';
export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const kubeletServingSigner = 'kubernetes.io/kubelet-serving';

const nodes = 'system:nodes';
const nodePrefix = 'system:node:';

/** The same usages, key encipherment aside, which RSA keys want and others do not. */
function sameUsages(usages: readonly string[], wanted: readonly string[]): boolean {
  const given = new Set(usages.filter((usage) => usage !== 'key encipherment'));
  return given.size === wanted.length && wanted.every((usage) => given.has(usage));
}

function nodeProblem({ commonName, organizations }: SigningRequestContent): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== nodes)
    return 'subject organization is not system:nodes';
  return commonName.startsWith(nodePrefix)
    ? undefined
    : 'subject common name does not begin with system:node:';
}

function usagesProblem(usages: readonly string[], wanted: readonly string[]): string | undefined {
  return sameUsages(usages, wanted) ? undefined : `usages did not match [${wanted.join(' ')}]`;
}

/** Why a kubelet's client certificate may not be issued; undefined when it may. */
export function kubeletClientProblem(
  content: SigningRequestContent,
  usages: readonly string[],
): string | undefined {
  const unwanted: readonly [readonly string[], string][] = [
    [content.dnsNames, 'DNS'],
    [content.emailAddresses, 'Email'],
    [content.ipAddresses, 'IP'],
    [content.uris, 'URI'],
  ];
  const [, what] = unwanted.find(([names]) => names.length > 0) ?? [];
  return (
    nodeProblem(content) ??
    (what === undefined ? undefined : `${what} subjectAltNames are not allowed`) ??
    usagesProblem(usages, ['digital signature', 'client auth'])
  );
}

function kubeletServingProblem(
  content: SigningRequestContent,
  usages: readonly string[],
): string | undefined {
  const problem = nodeProblem(content);
  if (problem !== undefined) return problem;
  if (content.dnsNames.length === 0 && content.ipAddresses.length === 0)
    return 'DNS or IP subjectAltName is required';
  if (content.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (content.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return usagesProblem(usages, ['digital signature', 'server auth']);
}

function clientProblem(usages: readonly string[]): string | undefined {
  const optional = ['digital signature', 'key encipherment'];
  const wrong = usages.find((usage) => usage !== 'client auth' && !optional.includes(usage));
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  return usages.includes('client auth')
    ? undefined
    : 'missing required usage for client certificate: client auth';
}

/** Whether the cluster signs for this signer at all. */
export function isOwnSigner(signer: string): boolean {
  return [clientSigner, kubeletClientSigner, kubeletServingSigner].includes(signer);
}

/** Why one of the cluster's signers does not sign this; undefined when it does. */
export function signerProblem(
  signer: string,
  content: SigningRequestContent,
  usages: readonly string[],
): string | undefined {
  switch (signer) {
    case kubeletClientSigner:
      return kubeletClientProblem(content, usages);
    case kubeletServingSigner:
      return kubeletServingProblem(content, usages);
    default:
      return clientProblem(usages);
  }
}
