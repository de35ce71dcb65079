export { connectCluster, natsOptions, type ClusterConnection } from './connect-cluster.ts';
