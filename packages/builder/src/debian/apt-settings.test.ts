import { expect, test } from 'vitest';
import { configurationOf, followedSettings, mirrorsOf, sourcesOf } from './apt-settings.ts';

const MIRRORS = { main: ['https://mirror.example/debian/'], security: ['https://mirror.example/debian-security/'] };

test('mirrors are those whose lists say that they are Debian’s, each once', () => {
  const text = [
    'Debian\tDebian\thttps://mirror.example/debian/',
    'Debian\tDebian\thttps://mirror.example/debian/',
    'Debian\tDebian-Security\thttps://mirror.example/debian-security/',
    'Docker\tDocker CE\thttps://docker.example/debian/',
    '$(ORIGIN)\t$(LABEL)\thttps://unknown.example/debian/',
    'Debian\tDebian\thttps://mirror.example/debian [trusted=yes]',
    'Debian\tDebian',
    '',
  ].join('\n');
  expect(mirrorsOf(text)).toEqual(MIRRORS);
});

test('other suites are asked for at the same mirrors, and must be signed with Debian’s keys', () => {
  expect(sourcesOf(['bullseye', 'bullseye-security'], MIRRORS, ['deb', 'deb-src'], '/keys.gpg')).toBe(
    'deb [signed-by=/keys.gpg] https://mirror.example/debian/ bullseye main\n' +
      'deb-src [signed-by=/keys.gpg] https://mirror.example/debian/ bullseye main\n' +
      'deb [signed-by=/keys.gpg] https://mirror.example/debian-security/ bullseye-security main\n' +
      'deb-src [signed-by=/keys.gpg] https://mirror.example/debian-security/ bullseye-security main\n',
  );
  expect(sourcesOf(['bullseye-security'], { ...MIRRORS, security: [] }, ['deb'])).toBe('');
});

test('of the machine’s settings those are followed that say how to reach a mirror', () => {
  const followed = [
    'Acquire::http::Proxy "http://user:secret@proxy.example:3128";',
    'Acquire::Retries "3";',
    'Acquire::https::CAInfo "/ca.pem";',
  ];
  const others = [
    'Acquire "";',
    'Acquire::http "";',
    'Acquire::AllowInsecureRepositories "true";',
    'Acquire::http::Proxy-Auto-Detect "/usr/bin/anything";',
    'Acquire::https::AllowWeakRepositories "1";',
    'APT::Update::Post-Invoke:: "rm -rf /";',
    'DPkg::Pre-Install-Pkgs:: "/usr/sbin/hook";',
    'Dir::State::status "/var/lib/dpkg/status";',
    'Acquire::Check-Valid-Until "false";',
  ];
  expect(followedSettings([...others, ...followed, ''].join('\n'))).toEqual(followed);
});

test('every folder is ours, nothing is installed, and no unsigned package is taken', () => {
  const text = configurationOf({
    folder: '/cache/apt/x',
    architecture: 'amd64',
    foreign: ['arm64'],
    followed: ['Acquire::Retries "3";'],
    passwords: { file: '/etc/apt/auth.conf', folder: '/etc/apt/auth.conf.d' },
  });
  const lines = text.split('\n');
  expect(lines[0]).toBe('Acquire::Retries "3";');
  expect(lines).toContain('APT::Architectures { "amd64"; "arm64"; };');
  expect(lines).toContain('Dir::Etc::Parts "/cache/apt/x/etc/apt.conf.d";');
  expect(lines).toContain('Dir::State::status "/cache/apt/x/status";');
  expect(lines).toContain('APT::Get::AllowUnauthenticated "false";');
  for (const line of lines.filter((each) => each.startsWith('Dir::') && !each.includes('netrc') && !each.includes('/dev/null')))
    expect(line).toMatch(/"\/cache\/apt\/x\//);
});
