import type { ResourceType } from '@drydock/base/apimachinery';
import type { Controller, ControllerDeps } from '@drydock/machinery/controller';
import type { Component } from '@drydock/port/component';
import type { CertificateReader, CertificateSigner } from '@drydock/port/certificates';
import type { TokenKeys } from '@drydock/port/tokens';
import { createAttachDetachController } from '../attach-detach/index.ts';
import { createBootstrapSigner } from '../bootstrap-signer/index.ts';
import {
  createCsrApprovingController,
  createCsrCleaner,
  createCsrSigningController,
} from '../certificates/index.ts';
import { createClusterRoleAggregationController } from '../clusterrole-aggregation/index.ts';
import { createCronJobController } from '../cronjob/index.ts';
import { createDaemonSetController } from '../daemonset/index.ts';
import { createDeploymentController } from '../deployment/index.ts';
import { createDeviceTaintEvictionController } from '../device-taint-eviction/index.ts';
import { createDisruptionController } from '../disruption/index.ts';
import { createEndpointsController } from '../endpoints/index.ts';
import { createEndpointSliceController } from '../endpointslice/index.ts';
import { createEndpointSliceMirroringController } from '../endpointslice-mirroring/index.ts';
import { createEphemeralVolumeController } from '../ephemeral-volume/index.ts';
import { createGarbageCollector } from '../garbage-collector/index.ts';
import { createHpaController, decisionRecord, type DecisionRecord, type HpaOptions } from '../hpa/index.ts';
import { createJobController } from '../job/index.ts';
import { createLegacyTokenCleaner } from '../legacy-serviceaccount-token-cleaner/index.ts';
import { createNamespaceController } from '../namespace/index.ts';
import { createNodeIpamController, type CloudRanges, type NodeIpamOptions } from '../nodeipam/index.ts';
import { createNodeLifecycleController, type NodeLifecycleOptions } from '../node-lifecycle/index.ts';
import {
  createPodGarbageCollector,
  type PodGarbageCollectorOptions,
} from '../pod-garbage-collector/index.ts';
import { createPersistentVolumeBinder } from '../persistentvolume-binder/index.ts';
import { createPersistentVolumeExpander } from '../persistentvolume-expander/index.ts';
import { createPvProtectionController } from '../pv-protection/index.ts';
import { createPvcProtectionController } from '../pvc-protection/index.ts';
import { createReplicaSetController } from '../replicaset/index.ts';
import { createReplicationControllerController } from '../replicationcontroller/index.ts';
import { createResourceClaimController } from '../resourceclaim/index.ts';
import { createResourceQuotaController } from '../resourcequota/index.ts';
import { createRootCaPublisher } from '../root-ca-publisher/index.ts';
import { createServiceCidrController } from '../service-cidr/index.ts';
import { createServiceAccountController } from '../serviceaccount/index.ts';
import { createServiceAccountTokenController } from '../serviceaccount-token/index.ts';
import { createStatefulSetController } from '../statefulset/index.ts';
import { createTaintEvictionController } from '../taint-eviction/index.ts';
import { createTokenCleaner } from '../token-cleaner/index.ts';
import { createTtlController } from '../ttl/index.ts';
import { createTtlAfterFinishedController } from '../ttl-after-finished/index.ts';
import { createClassProtectionController } from '../volumeattributesclass-protection/index.ts';
import { enabledControllers } from './controller-names.ts';

/** A resource as the API server declares it, as far as the loops need to know. */
export interface DeclaredResource extends ResourceType {
  readonly verbs?: readonly string[];
  /** Set for a second face of another resource. */
  readonly storedAs?: unknown;
}

export interface ControllerManagerOptions {
  /** Which loops run, as kube-controller-manager's `--controllers`: `*` for all, `name` for one more, `-name` for one less. Default `*`. */
  readonly controllers?: string;
  /** PEM of the authority that signed the API server's certificate. Without it, it is not published. */
  readonly rootCa?: string;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  readonly podGarbageCollector?: PodGarbageCollectorOptions;
  /** Whether a cluster without any StorageClass gets a simulated one as its default. Default false. */
  readonly simulatedStorage?: boolean;
  /** Sign the tokens of ServiceAccounts' Secrets. Without them, those Secrets stay empty. */
  readonly tokenKeys?: TokenKeys;
  /** Validated before: what does not fit throws here. Default: nodes get no ranges. */
  readonly nodeIpam?: NodeIpamOptions & { readonly cloud?: CloudRanges };
  readonly hpa?: Omit<HpaOptions, 'resources' | 'metrics'>;
  /** Signs for the cluster's authority. Without it, requests for certificates are neither approved nor signed. */
  readonly certificateSigner?: CertificateSigner;
  readonly certificates: CertificateReader;
  /** What the API server serves. */
  readonly definitions: () => readonly DeclaredResource[];
  /** The same and what extension API servers serve, as far as that is known. Default: `definitions`. */
  readonly everything?: () => readonly DeclaredResource[];
}

export interface ControllerManager extends Component {
  controllers(): readonly Controller[];
  /** What was decided last about a HorizontalPodAutoscaler, newest first. */
  explainAutoscaler(namespace: string, name: string): readonly DecisionRecord[];
}

/** Runs the built-in control loops. */
export function createControllerManager(
  options: ControllerManagerOptions,
  deps: ControllerDeps,
): ControllerManager {
  const { logger } = deps;
  const can = (definition: DeclaredResource, ...verbs: readonly string[]) =>
    definition.storedAs === undefined &&
    (definition.verbs === undefined || verbs.every((verb) => definition.verbs?.includes(verb)));
  // Events go when their time is over, whoever owns them.
  const deletable = () =>
    options
      .definitions()
      .filter((definition) => definition.resource !== 'events' && can(definition, 'list', 'watch', 'delete'));
  const everything = options.everything ?? options.definitions;
  const namespaced = () =>
    everything().filter((definition) => definition.namespaced && can(definition, 'list', 'delete'));

  const countable = () =>
    options.definitions().filter((definition) => definition.namespaced && can(definition, 'list', 'watch'));

  const wanted = enabledControllers(options.controllers ?? '*');
  const { rootCa, certificateSigner, tokenKeys } = options;
  const nodeIpam = createNodeIpamController(options.nodeIpam ?? {}, deps);
  const hpa = createHpaController({ ...options.hpa, resources: options.definitions }, deps);
  const all: Controller[] = [
    createServiceAccountController(deps),
    ...(rootCa === undefined ? [] : [createRootCaPublisher({ rootCa }, deps)]),
    ...(tokenKeys === undefined
      ? []
      : [
          createServiceAccountTokenController(
            { keys: tokenKeys, ...(rootCa === undefined ? {} : { rootCa }) },
            deps,
          ),
        ]),
    ...(certificateSigner === undefined
      ? []
      : [
          createCsrApprovingController(certificateSigner, deps),
          createCsrSigningController(certificateSigner, deps),
        ]),
    createCsrCleaner(options.certificates, deps),
    createDeploymentController(deps),
    createReplicaSetController(deps),
    createDaemonSetController(deps),
    createStatefulSetController(deps),
    createJobController(deps),
    createCronJobController(deps),
    createTtlAfterFinishedController(deps),
    createReplicationControllerController(deps),
    createEndpointsController(deps),
    createEndpointSliceController(deps),
    createEndpointSliceMirroringController(deps),
    createNodeLifecycleController(options.nodeLifecycle ?? {}, deps),
    createTaintEvictionController(deps),
    createDeviceTaintEvictionController(deps),
    createLegacyTokenCleaner({}, deps),
    createBootstrapSigner(deps),
    createTokenCleaner(deps),
    createTtlController(deps),
    createServiceCidrController(deps),
    createPersistentVolumeBinder({ simulatedDefaultClass: options.simulatedStorage ?? false }, deps),
    createPvcProtectionController(deps),
    createPvProtectionController(deps),
    createClassProtectionController(deps),
    createPersistentVolumeExpander(deps),
    createAttachDetachController(deps),
    createEphemeralVolumeController(deps),
    createResourceClaimController(deps),
    createDisruptionController({ resources: options.definitions }, deps),
    createResourceQuotaController({ resources: countable }, deps),
    hpa,
    ...(nodeIpam === undefined ? [] : [nodeIpam]),
    createPodGarbageCollector(options.podGarbageCollector ?? {}, deps),
    createClusterRoleAggregationController(deps),
    createNamespaceController({ resources: namespaced }, deps),
    createGarbageCollector({ resources: deletable }, deps),
  ];
  const enabled = all.filter(({ name }) => wanted(name));
  let stopper: AbortController | undefined;
  let running: Promise<unknown> | undefined;

  return {
    name: 'controller-manager',
    controllers: () => enabled,
    explainAutoscaler: (namespace, name) => hpa.decisions(namespace, name).map(decisionRecord),
    ready: () => stopper !== undefined,
    start() {
      if (stopper !== undefined) return Promise.resolve();
      const { signal } = (stopper = new AbortController());
      running = Promise.all(
        enabled.map((controller) =>
          controller
            .run(signal)
            .catch((err: unknown) =>
              logger.error('a control loop ended', { controller: controller.name, err }),
            ),
        ),
      );
      return Promise.resolve();
    },
    async stop() {
      stopper?.abort(new Error('stopped'));
      stopper = undefined;
      await running;
    },
  };
}
