export { createKubeletSim, type KubeletSim, type KubeletSimOptions } from './kubelet-sim.ts';
