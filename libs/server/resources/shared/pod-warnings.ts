import type { Container, NodeSelectorTerm, PodAffinityTerm, PodSpec } from '@drydock/api/core/v1';
import type { FieldPath, KubeObject, ObjectMeta } from '@drydock/base/apimachinery';
import { fieldPath, goQuote, parseQuantity } from '@drydock/base/apimachinery';

const instead = (name: string): string => `use "${name}" instead`;

/** Labels of nodes that have newer names. */
const deprecatedNodeLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', `deprecated since v1.14; ${instead('kubernetes.io/arch')}`],
  ['beta.kubernetes.io/os', `deprecated since v1.14; ${instead('kubernetes.io/os')}`],
  [
    'failure-domain.beta.kubernetes.io/region',
    `deprecated since v1.17; ${instead('topology.kubernetes.io/region')}`,
  ],
  [
    'failure-domain.beta.kubernetes.io/zone',
    `deprecated since v1.17; ${instead('topology.kubernetes.io/zone')}`,
  ],
  [
    'beta.kubernetes.io/instance-type',
    `deprecated since v1.17; ${instead('node.kubernetes.io/instance-type')}`,
  ],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  [
    'scheduler.alpha.kubernetes.io/preferAvoidPods',
    'deprecated since v1.22; use Taints and Tolerations instead',
  ],
  ['node-role.kubernetes.io/master', instead('node-role.kubernetes.io/control-plane')],
]);

const deprecatedAnnotations: readonly (readonly [string, string])[] = [
  [
    'scheduler.alpha.kubernetes.io/critical-pod',
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  ],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  [
    'security.alpha.kubernetes.io/unsafe-sysctls',
    'non-functional in v1.11+; use the "sysctls" field instead',
  ],
];

const deprecatedVolumes: readonly (readonly [string, string])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

const seccompKey = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

/** Collects advice in Kubernetes' words and order. */
class PodAdvice {
  readonly texts: string[] = [];
  readonly #spec: PodSpec;
  readonly #annotations: Readonly<Record<string, string>>;
  readonly #at: FieldPath | undefined;

  constructor(spec: PodSpec, meta: ObjectMeta | undefined, at: FieldPath | undefined) {
    this.#spec = spec;
    this.#annotations = meta?.annotations ?? {};
    this.#at = at;
  }

  run(): string[] {
    this.#selectors();
    this.#annotationsOfPod();
    this.#volumes();
    this.#repeated();
    this.#quantities(this.#path('spec', 'overhead'), this.#spec.overhead);
    this.#containers();
    this.#ports();
    if ((this.#spec.terminationGracePeriodSeconds ?? 0) < 0) {
      this.#say(
        this.#path('spec', 'terminationGracePeriodSeconds'),
        'must be >= 0; negative values are invalid and will be treated as 1',
      );
    }
    this.#affinity();
    return this.texts;
  }

  #path(first: string, ...rest: string[]): FieldPath {
    return this.#at === undefined ? fieldPath(first, ...rest) : this.#at.child(first, ...rest);
  }

  #say(where: FieldPath, text: string): void {
    this.texts.push(`${where.toString()}: ${text}`);
  }

  #selectors(): void {
    for (const key of Object.keys(this.#spec.nodeSelector ?? {})) {
      const message = deprecatedNodeLabels.get(key);
      if (message !== undefined) this.#say(this.#path('spec', 'nodeSelector').key(key), message);
    }
    const affinity = this.#spec.affinity?.nodeAffinity;
    const at = this.#path('spec', 'affinity', 'nodeAffinity');
    affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.forEach((term, index) =>
      this.#term(
        term,
        at.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms').index(index),
      ),
    );
    affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ preference }, index) =>
      this.#term(
        preference,
        at.child('preferredDuringSchedulingIgnoredDuringExecution').index(index).child('preference'),
      ),
    );
    this.#spec.topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, index) => {
      const where = this.#path('spec', 'topologySpreadConstraints').index(index);
      const message = deprecatedNodeLabels.get(topologyKey);
      if (message !== undefined) this.#say(where.child('topologyKey'), `${topologyKey} is ${message}`);
      if (labelSelector === undefined) this.#noSelector(where.child('labelSelector'));
    });
  }

  #term(term: NodeSelectorTerm | undefined, at: FieldPath): void {
    term?.matchExpressions?.forEach(({ key }, index) => {
      const message = deprecatedNodeLabels.get(key);
      if (message !== undefined)
        this.#say(at.child('matchExpressions').index(index).child('key'), `${key} is ${message}`);
    });
  }

  #noSelector(where: FieldPath): void {
    this.#say(where, 'a null labelSelector results in matching no pod');
  }

  #annotation(key: string, message: string): void {
    if (Object.hasOwn(this.#annotations, key))
      this.#say(this.#path('metadata', 'annotations').key(key), message);
  }

  #annotationsOfPod(): void {
    for (const [key, message] of deprecatedAnnotations) this.#annotation(key, message);
  }

  #volumes(): void {
    this.#spec.volumes?.forEach((volume, index) => {
      for (const [plugin, message] of deprecatedVolumes) {
        if ((volume as unknown as Record<string, unknown>)[plugin] !== undefined)
          this.#say(this.#path('spec', 'volumes').index(index).child(plugin), message);
      }
    });
  }

  #repeated(): void {
    const addresses = new Set<string | undefined>();
    this.#spec.hostAliases?.forEach(({ ip }, index) => {
      if (addresses.has(ip))
        this.#say(
          this.#path('spec', 'hostAliases').index(index).child('ip'),
          `duplicate ip ${goQuote(ip ?? '')}`,
        );
      addresses.add(ip);
    });
    const secrets = this.#spec.imagePullSecrets ?? [];
    const names = new Set<string>();
    const at = (index: number): FieldPath =>
      this.#path('spec', 'imagePullSecrets').index(index).child('name');
    secrets.forEach(({ name = '' }, index) => {
      if (names.has(name)) this.#say(at(index), `duplicate name ${goQuote(name)}`);
      names.add(name);
    });
    secrets.forEach(({ name = '' }, index) => {
      if (name === '') this.#say(at(index), 'invalid empty name ""');
    });
  }

  #quantities(
    at: FieldPath,
    amounts: Readonly<Record<string, string>> | undefined,
    keys: readonly string[] = ['memory', 'ephemeral-storage'],
  ): void {
    for (const key of keys) {
      const text = amounts?.[key];
      if (text === undefined) continue;
      const quantity = parseQuantity(text);
      if (quantity.milliValue() % 1000 !== 0)
        this.#say(at.key(key), `fractional byte value ${goQuote(text)} is invalid, must be an integer`);
    }
  }

  #eachContainer(visit: (container: Container, at: FieldPath) => void): void {
    for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
      (this.#spec[list] ?? []).forEach((container, index) =>
        visit(container as Container, this.#path('spec', list).index(index)),
      );
    }
  }

  #containers(): void {
    const security = this.#spec.securityContext;
    const useSeccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';
    if (security?.seccompProfile === undefined) this.#annotation(seccompKey, useSeccomp);
    this.#eachContainer((container, at) => {
      const { securityContext, resources, name } = container;
      if (securityContext?.seccompProfile === undefined)
        this.#annotation(containerSeccompPrefix + name, useSeccomp);
      const armored = (security?.appArmorProfile ?? securityContext?.appArmorProfile) !== undefined;
      if (this.#at !== undefined && !armored)
        this.#annotation(
          appArmorPrefix + name,
          'deprecated since v1.30; use the "appArmorProfile" field instead',
        );
      for (const key of ['memory', 'ephemeral-storage']) {
        this.#quantities(at.child('resources', 'limits'), resources?.limits, [key]);
        this.#quantities(at.child('resources', 'requests'), resources?.requests, [key]);
      }
      this.#environment(container, at);
    });
  }

  #environment({ env }: Container, at: FieldPath): void {
    const names = new Set<string>();
    env?.forEach(({ name, value = '', valueFrom }, index) => {
      const reference = `$(${name})`;
      // A value that builds on the one before is meant; all else loses it.
      const hides = valueFrom !== undefined || value === reference || !value.includes(reference);
      if (names.has(name) && hides) {
        this.#say(
          at.child('env').index(index),
          `hides previous definition of ${goQuote(name)}, which may be dropped when using apply`,
        );
      }
      names.add(name);
    });
  }

  #ports(): void {
    const known = new Map<string, { at: FieldPath; hostIP: string; hostPort: number }[]>();
    this.#eachContainer(({ ports }, container) => {
      ports?.forEach(({ containerPort, protocol, hostIP = '', hostPort = 0 }, index) => {
        const at = container.child('ports').index(index);
        const key = `${containerPort}/${protocol ?? 'TCP'}`;
        const others = known.get(key) ?? [];
        for (const other of others) {
          const oneIsOpen = (hostIP === '') !== (other.hostIP === '');
          let relation: string | undefined;
          if (hostIP === other.hostIP && hostPort === other.hostPort) relation = 'duplicate';
          else if (hostPort === 0 || other.hostPort === 0) relation = 'overlapping';
          else if (hostPort === other.hostPort && oneIsOpen) relation = 'dangerously ambiguous';
          if (relation !== undefined)
            this.#say(at, `${relation} port definition with ${other.at.toString()}`);
        }
        known.set(key, [...others, { at, hostIP, hostPort }]);
      });
    });
  }

  #affinity(): void {
    for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
      const affinity = this.#spec.affinity?.[kind];
      const at = this.#path('spec', 'affinity', kind);
      const check = (term: PodAffinityTerm | undefined, where: FieldPath): void => {
        if (term?.labelSelector === undefined) this.#noSelector(where.child('labelSelector'));
      };
      affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, index) =>
        check(term, at.child('requiredDuringSchedulingIgnoredDuringExecution').index(index)),
      );
      affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ podAffinityTerm }, index) =>
        check(
          podAffinityTerm,
          at.child('preferredDuringSchedulingIgnoredDuringExecution').index(index).child('podAffinityTerm'),
        ),
      );
    }
  }
}

/** Advice on a Pod (no `at`), or on the Pod template at a path. */
export function podWarnings(
  pod: { metadata?: ObjectMeta; spec?: PodSpec } | undefined,
  at?: FieldPath,
): string[] {
  return pod?.spec === undefined ? [] : new PodAdvice(pod.spec, pod.metadata, at).run();
}

/** As `podWarnings` for the template of a workload, said when it is made and when its spec changes. */
export function templateWarnings(
  object: KubeObject,
  old: KubeObject | undefined,
  template: { metadata?: ObjectMeta; spec?: PodSpec } | undefined,
  at: FieldPath = fieldPath('spec', 'template'),
): string[] {
  if (old !== undefined && old.metadata.generation === object.metadata.generation) return [];
  return podWarnings(template, at);
}

/** Advice on node labels in a plain selector (RuntimeClass). */
export function nodeLabelWarning(label: string): string | undefined {
  return deprecatedNodeLabels.get(label);
}
