// A VSIX is a zip with two files of its own beside the extension's: what it is, and the types of its files. Written here
// and not by vsce, which depends on Azure sign-in, a secret scanner and a signing tool; the same content gives the same bytes.
import { deflateRawSync } from 'node:zlib';

const CRC = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xed_b8_83_20 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xff_ff_ff_ff;
  for (const byte of bytes) value = (value >>> 8) ^ CRC[(value ^ byte) & 255];
  return ~value >>> 0;
}

/** Date and time as a zip has them: from 1980, in steps of two seconds. UTC, so that no zone shows. */
function dosTime(date) {
  const at = new Date(Math.max(date.getTime(), Date.UTC(1980, 0, 1)));
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  const day = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  return { time, day };
}

/** The smallest of what the levels of memory make: how long a block may get decides which codes it has. */
function deflated(bytes) {
  const made = [6, 7, 8, 9].map((memLevel) => deflateRawSync(bytes, { level: 9, memLevel }));
  return made.reduce((least, one) => (one.length < least.length ? one : least));
}

/** Files { name, bytes, executable? } as a zip, in the order of their names, all of one date. PKWARE's APPNOTE 6.3, 4.3. */
export function zip(files, date) {
  const { time, day } = dosTime(date);
  const parts = [];
  const directory = [];
  let offset = 0;
  const ordered = [...files].sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const { name, bytes, executable = false } of ordered) {
    const path = Buffer.from(name);
    const packed = deflated(bytes);
    // What stands in both headers: version 2.0, names in UTF-8, deflated.
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(0x08_00, 2);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt16LE(time, 6);
    shared.writeUInt16LE(day, 8);
    shared.writeUInt32LE(crc32(bytes), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(bytes.length, 18);
    shared.writeUInt16LE(path.length, 22);
    const head = Buffer.concat([Buffer.from('PK\x03\x04'), shared, path, packed]);
    // Made on Unix, so that the mode counts.
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((executable ? 0o100755 : 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), shared, tail, path]));
    parts.push(head);
    offset += head.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}

const escaped = (text) =>
  String(text).replace(
    /[&<>"]/g,
    (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign],
  );

/** extension.vsixmanifest: what galleries and `--install-extension` read of package.json. */
export function vsixManifest(manifest) {
  const { name, version, publisher, displayName, description, engines, icon, galleryBanner = {} } = manifest;
  const debuggers = manifest.contributes?.debuggers ?? [];
  const tags = [...(manifest.keywords ?? []), ...(debuggers.length > 0 ? ['debuggers'] : [])];
  const code = 'Microsoft.VisualStudio.Code';
  const services = 'Microsoft.VisualStudio.Services';
  const properties = {
    [`${code}.Engine`]: engines.vscode,
    [`${code}.ExtensionKind`]: manifest.extensionKind.join(','),
    [`${code}.ExecutesCode`]: true,
    [`${services}.GitHubFlavoredMarkdown`]: true,
    [`${services}.Content.Pricing`]: 'Free',
    ...(galleryBanner.color ? { [`${services}.Branding.Color`]: galleryBanner.color } : {}),
    ...(galleryBanner.theme ? { [`${services}.Branding.Theme`]: galleryBanner.theme } : {}),
  };
  const assets = {
    [`${code}.Manifest`]: 'package.json',
    [`${services}.Content.Details`]: 'README.md',
    [`${services}.Content.Changelog`]: 'CHANGELOG.md',
    [`${services}.Content.License`]: 'LICENSE',
    [`${services}.Icons.Default`]: icon,
  };
  const lines = (entries, line) => Object.entries(entries).map(line).join('\n');
  return `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${escaped(name)}" Version="${escaped(version)}" Publisher="${escaped(publisher)}" />
    <DisplayName>${escaped(displayName)}</DisplayName>
    <Description xml:space="preserve">${escaped(description)}</Description>
    <Tags>${escaped(tags.join(','))}</Tags>
    <Categories>${escaped(manifest.categories.join(','))}</Categories>
    <GalleryFlags>Public</GalleryFlags>
    <License>extension/LICENSE</License>
    <Icon>extension/${escaped(icon)}</Icon>
    <Properties>
${lines(properties, ([id, value]) => `      <Property Id="${id}" Value="${escaped(value)}" />`)}
    </Properties>
  </Metadata>
  <Installation>
    <InstallationTarget Id="${code}" />
  </Installation>
  <Dependencies />
  <Assets>
${lines(assets, ([type, path]) => `    <Asset Type="${type}" Path="extension/${escaped(path)}" Addressable="true" />`)}
  </Assets>
</PackageManifest>
`;
}

const TYPES = {
  css: 'text/css',
  fish: 'text/plain',
  js: 'application/javascript',
  json: 'application/json',
  md: 'text/markdown',
  png: 'image/png',
  svg: 'image/svg+xml',
  vsixmanifest: 'text/xml',
  wasm: 'application/wasm',
};

/** [Content_Types].xml: a type for each ending, and for each file that has none. */
export function contentTypes(names) {
  const ending = (name) => /\.([^./]+)$/.exec(name)?.[1];
  const types = new Map();
  for (const name of names) {
    const extension = ending(name);
    if (extension !== undefined)
      types.set(
        extension,
        `<Default Extension=".${extension}" ContentType="${TYPES[extension] ?? 'application/octet-stream'}" />`,
      );
    else types.set(name, `<Override PartName="/${escaped(name)}" ContentType="application/octet-stream" />`);
  }
  const lines = [...types.keys()].sort().map((key) => `  ${types.get(key)}`);
  return `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
${lines.join('\n')}
</Types>
`;
}
