#!/usr/bin/env bash
# Checks the JavaScript with ESLint, which npm installs into .venv/eslint the first time (about 10 seconds, 15 MB).
set -eu
cd "$(dirname "$0")/../.."
wanted="eslint@9.39.1 @eslint/js@9.39.1 globals@16.5.0"
room=.venv/eslint
skip() { echo "The JavaScript is not checked: $1"; exit 0; }

command -v npm >/dev/null || skip "npm is missing (Debian: apt-get install npm)."
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 18 || (a === 18 && b >= 18) ? 0 : 1)' \
    || skip "ESLint needs Node 18.18 or newer, found $(node --version)."
if [ "$(cat $room/.ready 2>/dev/null)" != "$wanted" ]; then
    rm -rf $room && mkdir -p $room && echo '{"private": true}' >$room/package.json
    npm install --prefix $room --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error $wanted >/dev/null \
        || skip "npm could not install ESLint (see above)."
    echo "$wanted" >$room/.ready
fi
$room/node_modules/.bin/eslint --config tests/tools/eslint.config.mjs --max-warnings 0 signage/static
