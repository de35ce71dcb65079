import type { Container } from '@drydock/api/core/v1';
import { imageName } from './image-commands.ts';

interface WebServer {
  readonly root: string;
  /** What it runs when nobody says otherwise. */
  readonly command: readonly string[];
  /** Files that it has besides its pages. */
  readonly files: readonly string[];
}

/** Web servers whose insides are known: they write nothing of their own accord. */
const webServers: ReadonlyMap<string, WebServer> = new Map([
  [
    'httpd',
    {
      root: '/usr/local/apache2/htdocs',
      command: ['httpd', '-DFOREGROUND'],
      files: ['/usr/local/apache2/conf/httpd.conf', '/usr/local/apache2/logs/httpd.pid'],
    },
  ],
  [
    'nginx',
    {
      root: '/usr/share/nginx/html',
      command: ['nginx', '-g', 'daemon off;'],
      files: ['/etc/nginx/nginx.conf', '/run/nginx.pid', '/var/run/nginx.pid'],
    },
  ],
]);

/** The page of a web server's image that a path asks for; undefined where the image or the path is another. */
export function welcomePage({ image = '', volumeMounts = [] }: Container, path = '/'): string | undefined {
  const root = webServers.get(imageName(image))?.root;
  if (root === undefined || !['/', '/index.html'].includes(path)) return undefined;
  const hidden = volumeMounts.some(({ mountPath = '' }) =>
    `${root}/`.startsWith(`${mountPath.replace(/\/$/, '')}/`),
  );
  return hidden ? undefined : `${root}/index.html`;
}

/** What a container runs, and what it has, as the web server that its image is; undefined where it runs something else. */
export function webServerOf({ image = '', command = [], args = [] }: Container): WebServer | undefined {
  const server = webServers.get(imageName(image));
  const [first] = [...command, ...args];
  const own =
    first === undefined || [server?.command[0], 'httpd-foreground'].includes(first.split('/').at(-1));
  return own ? server : undefined;
}
