export { startCluster, type Cluster, type ClusterOptions } from './start-cluster.ts';
