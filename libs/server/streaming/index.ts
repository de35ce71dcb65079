export { commandOverSpdy, spdyCommandProtocols } from './command-over-spdy.ts';
export { commandOverWebSocket, commandProtocols, type ChannelProtocol } from './command-over-websocket.ts';
export {
  portForwardOverChannels,
  portForwardOverSpdy,
  portForwardProtocol,
  tunnelledPortForwardProtocol,
} from './port-forward.ts';
export { runCommand, type WantedStreams } from './remote-command.ts';
