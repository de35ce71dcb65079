import { createFakeTransport, describeTransportContract } from './index.ts';

// The suite must be one that can be passed.
describeTransportContract('the fake', async () => {
  const transport = createFakeTransport();
  return { transport, namespace: 'default', dispose: () => transport.close() };
});
