export type { KubeletConnector, LogOptions, PodRef } from './kubelet.ts';
