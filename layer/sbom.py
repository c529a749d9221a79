"""What the layer is made of, as CycloneDX 1.5: sbom.py TARGET BOOTSTRAP OUT

Every crate that is linked into the bootstrap, with its version, licence and the checksum of its source, and the C libraries that
some of them bring along. The same bootstrap of the same crates gives the same file.
<https://cyclonedx.org/docs/1.5/json/>
"""

import hashlib
import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = "thumbline-layer"
# A crate in Cargo.lock; those of the workspace have neither source nor checksum.
LOCKED = re.compile(r'name = "(.+)"\nversion = "(.+)"\n(?:source = ".+"\nchecksum = "(.+)"\n)?')
# C and assembly that crates compile into themselves, by the crate: name, where it is from, licence.
INSIDE = {
    "libwebp-sys": ("libwebp", "pkg:generic/libwebp", "BSD-3-Clause"),
    "ring": ("BoringSSL (parts)", "pkg:generic/boringssl", "ISC"),
    "re_rav1d": ("dav1d (assembly)", "pkg:generic/dav1d", "BSD-2-Clause"),
}


def main(target, bootstrap, out):
    linked = crates_linked(target)
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", target))
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    checksums = {(name, version): checksum for name, version, checksum in LOCKED.findall((PROJECT / "Cargo.lock").read_text())}
    components = [component(packages[crate], checksums.get(crate)) for crate in sorted(linked)]
    digest = hashlib.sha256(Path(bootstrap).read_bytes()).hexdigest()
    version = next(package["version"] for (name, _), package in packages.items() if name == PACKAGE)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": PACKAGE,
                "name": "bootstrap",
                "version": version,
                "hashes": [{"alg": "SHA-256", "content": digest}],
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "properties": [{"name": "target", "value": target}],
            }
        },
        "components": components,
    }
    Path(out).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    print(f"{out}: {len(components)} crates")


def crates_linked(target):
    """Names and versions of what is compiled for the target; what only builds it is not in it."""
    tree = cargo("tree", "--package", PACKAGE, "--target", target, "--edges", "normal,no-proc-macro", "--prefix", "none",
                 "--format", "{p}")
    linked = {tuple(line.split(" ")[:2]) for line in tree.splitlines() if line}
    return {(name, version.removeprefix("v")) for name, version in linked if name != PACKAGE}


def component(package, checksum):
    name, version = package["name"], package["version"]
    found = {
        "type": "library",
        "bom-ref": f"{name}@{version}",
        "name": name,
        "version": version,
        "licenses": [{"expression": re.sub(r" */ *", " OR ", package["license"])}],
    }
    if checksum:
        found["purl"] = f"pkg:cargo/{name}@{version}"
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if name in INSIDE:
        inside, purl, licence = INSIDE[name]
        found["components"] = [
            {"type": "library", "bom-ref": f"{name}@{version}/{purl}", "name": inside, "purl": purl,
             "licenses": [{"license": {"id": licence}}]}
        ]
    return found


def cargo(*arguments):
    command = ["cargo", arguments[0], "--locked", *arguments[1:]]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
