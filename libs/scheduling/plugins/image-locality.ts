import { maxNodeScore, type Plugin, type PodInfo, type Snapshot } from '../framework/index.ts';

const mb = 1024 * 1024;
const leastBytes = 23 * mb;
const mostBytesPerContainer = 1000 * mb;

/** `nginx` is `nginx:latest`. */
export function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}

function imagesOf({ pod }: PodInfo): { names: string[]; containers: number } {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const names = containers.map(({ image }) => normalizedImageName(image ?? ''));
  return { names, containers: containers.length };
}

interface Wanted {
  readonly names: readonly string[];
  readonly containers: number;
  /** For each image: the share of all nodes that have it. An image on one node of many draws less. */
  readonly spread: readonly number[];
}

/** Prefers nodes that have the Pod's images, by their size. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  preScore(state, pod, _nodes, snapshot: Snapshot) {
    const { names, containers } = imagesOf(pod);
    const spread = names.map((name) => snapshot.nodesWithImage(name) / snapshot.nodes.length);
    state.set('ImageLocality', { names, containers, spread } satisfies Wanted);
    return undefined;
  },
  score(state, _, { images }) {
    if (images.size === 0) return 0;
    const { names, containers, spread } = state.get('ImageLocality') as Wanted;
    let sum = 0;
    for (let at = 0; at < names.length; at++)
      sum += Math.trunc((images.get(names[at] ?? '') ?? 0) * (spread[at] ?? 0));
    const most = mostBytesPerContainer * containers;
    const within = Math.min(Math.max(sum, leastBytes), most);
    return Math.trunc((maxNodeScore * (within - leastBytes)) / (most - leastBytes));
  },
};
