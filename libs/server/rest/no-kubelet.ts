import { serviceUnavailable } from '@drydock/base/apimachinery';
import type { KubeletConnector } from '@drydock/port/kubelet';

const refuse = (): never => {
  throw serviceUnavailable('no kubelet is connected');
};
// A promise that fails, and not a throw: callers may wait for it later.
const reject = async () => refuse();

/** Stands in for the nodes where none are connected, so that what is asked for is looked up, and refused, all the same. */
export const noKubelet: KubeletConnector = {
  logs: refuse,
  exec: reject,
  attach: reject,
  portForward: reject,
  request: reject,
  nodeRequest: reject,
};
