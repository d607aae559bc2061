#!/usr/bin/env python3
"""Makes src/lint/clients.tsv from the data of caniemail.com.

    npm pack caniemail@2.0.2 && tar xzf caniemail-2.0.2.tgz
    python3 tests/peers/caniemail.py package/data/caniemail.json > src/lint/clients.tsv

The npm package is a copy of https://www.caniemail.com/api/data.json, with which it works as well.
Which feature is found by what, and what is lost without it, is said here; what a client supports is
theirs. A row stands for a feature that some client lacks, in its newest version that was tested.
"""

import json
import re
import sys

# The clients that are kept, and what people call them: whoever reads most mail, all programs of each.
CLIENTS = {
    "apple-mail.ios": "Apple Mail on iOS",
    "apple-mail.macos": "Apple Mail on macOS",
    "gmail.desktop-webmail": "Gmail",
    "gmail.ios": "Gmail on iOS",
    "gmail.android": "Gmail on Android",
    "gmail.mobile-webmail": "Gmail in a phone's browser",
    "outlook.windows": "Outlook on Windows",
    "outlook.outlook-com": "Outlook.com",
    "outlook.macos": "Outlook on macOS",
    "outlook.ios": "Outlook on iOS",
    "outlook.android": "Outlook on Android",
    "yahoo.desktop-webmail": "Yahoo Mail",
    "yahoo.ios": "Yahoo Mail on iOS",
    "yahoo.android": "Yahoo Mail on Android",
    "samsung-email.android": "Samsung Email",
    "thunderbird.macos": "Thunderbird",
    "aol.desktop-webmail": "AOL",
    "fastmail.desktop-webmail": "Fastmail",
    "gmx.desktop-webmail": "GMX",
    "hey.desktop-webmail": "HEY",
    "orange.desktop-webmail": "Orange",
    "protonmail.desktop-webmail": "Proton Mail",
    "web-de.desktop-webmail": "WEB.DE",
}

# Without these, something that the mail says is not there or does not work.
CONTENT = """
html-audio html-dialog html-meter html-popover html-progress html-svg html-video html-image-maps
image-apng image-avif image-base64 image-bmp image-hdr image-heif image-ico image-mp4 image-svg
image-tiff image-webp
""".split()

# Without these, what is there stands in the wrong place, or cannot be read.
LAYOUT = """
css-block-inline-size css-column-count css-column-layout-properties css-display-flex
css-display-grid css-display-none css-flex-direction css-flex-wrap css-float css-function-clamp
css-function-light-dark css-function-max css-function-min css-grid-template css-inline-size
css-inset css-intrinsic-size css-left-right-top-bottom css-margin-block-start-end
css-margin-inline-block css-margin-inline-start-end css-max-block-size css-max-inline-size
css-min-block-size css-min-inline-size css-modern-color css-nesting
css-padding-block-start-end css-padding-inline-block css-padding-inline-start-end css-position
css-unit-calc css-unit-rem css-unit-vh css-unit-vmax css-unit-vmin css-unit-vw css-variables
css-visibility css-writing-mode html-hidden html-link
""".split()

# Looked at by rules of their own, found in nearly any mail without harm, or not to be found.
LEFT_OUT = """
css-comments css-important css-inert-attribute css-rgb css-rgba css-selector-chaining
css-selector-class css-selector-descendant css-selector-grouping css-selector-id css-selector-type
css-sytem-ui css-unit-initial html-aria-live html-base html-body html-button-reset
html-button-submit html-comments html-doctype html-form html-input-checkbox html-input-hidden
html-input-radio html-input-reset html-input-submit html-input-text html-lang html-object
html-required html-role html-select html-semantics html-target html-textarea
html-aria-describedby html-aria-hidden html-aria-label html-aria-labelledby
html-meta-color-scheme css-color-scheme
""".split()

# Nobody misses these: they polish, or are set to what a program does anyway.
NOT_MISSED = """
css-accent-color css-background-blend-mode css-background-clip css-background-origin
css-background-position css-background-repeat css-background-size css-border-collapse
css-border-spacing css-box-sizing css-caption-side css-clear css-cursor css-direction css-display
css-empty-cells css-font-kerning css-font-size-adjust css-font-stretch css-height css-hyphenate-character
css-hyphenate-limit-chars css-hyphens css-letter-spacing css-list-style-position css-orphans
css-outline css-outline-offset css-overflow-wrap css-pseudo-class-active css-pseudo-class-default
css-pseudo-class-link css-pseudo-class-visited css-resize css-scroll-snap css-tab-size
css-table-layout css-text-align-last css-text-decoration-skip-ink css-text-decoration-thickness
css-text-emphasis-position css-text-justify css-text-underline-offset css-text-underline-position
css-text-wrap css-user-select css-white-space-collapse css-widows css-width css-word-break
css-word-spacing css-word-wrap html-abbr html-acronym html-address html-align html-code html-dfn
html-dir html-loading-attribute html-small html-strike html-wbr html-width html-height
""".split()

# What a feature is found by, where its name does not say so.
FOUND_BY = {
    "css-at-media-device-pixel-ratio": "media:-webkit-min-device-pixel-ratio media:-webkit-device-pixel-ratio media:-webkit-max-device-pixel-ratio",
    "css-at-media-hover": "media:hover media:any-hover",
    "css-block-inline-size": "property:block-size",
    "css-border-inline-block": "property:border-inline property:border-block",
    "css-border-inline-block-individual": "property:border-inline-start property:border-inline-end property:border-block-start property:border-block-end",
    "css-border-inline-block-longhand": "property:border-inline-color property:border-inline-style property:border-inline-width property:border-block-color property:border-block-style property:border-block-width",
    "css-border-radius-logical": "property:border-start-start-radius property:border-start-end-radius property:border-end-start-radius property:border-end-end-radius",
    "css-column-count": "property:column-count",
    "css-column-layout-properties": "property:columns property:column-width property:column-rule property:column-span property:column-fill",
    "css-conic-gradient": "function:conic-gradient",
    "css-display-flex": "value:display:flex value:display:inline-flex",
    "css-display-grid": "value:display:grid value:display:inline-grid",
    "css-display-none": "value:display:none",
    "css-flex-direction": "property:flex-direction",
    "css-flex-wrap": "property:flex-wrap",
    "css-function-light-dark": "function:light-dark",
    "css-gap": "property:gap property:row-gap property:column-gap",
    "css-grid-template": "property:grid-template property:grid-template-columns property:grid-template-rows property:grid-template-areas",
    "css-intrinsic-size": "word:fit-content word:min-content word:max-content",
    "css-left-right-top-bottom": "property:left property:right property:top property:bottom",
    "css-linear-gradient": "function:linear-gradient function:repeating-linear-gradient",
    "css-radial-gradient": "function:radial-gradient function:repeating-radial-gradient",
    "css-margin-block-start-end": "property:margin-block-start property:margin-block-end",
    "css-margin-inline-block": "property:margin-inline property:margin-block",
    "css-margin-inline-start-end": "property:margin-inline-start property:margin-inline-end",
    "css-modern-color": "function:lch function:oklch function:lab function:oklab",
    "css-nesting": "at:nesting",
    "css-padding-block-start-end": "property:padding-block-start property:padding-block-end",
    "css-padding-inline-block": "property:padding-inline property:padding-block",
    "css-padding-inline-start-end": "property:padding-inline-start property:padding-inline-end",
    "css-position": "value:position:absolute value:position:fixed value:position:sticky",
    "css-scroll-snap": "property:scroll-snap-type property:scroll-snap-align",
    "css-selector-adjacent-sibling": "selector:+",
    "css-selector-attribute": "selector:[]",
    "css-selector-child": "selector:>",
    "css-selector-general-sibling": "selector:~",
    "css-selector-universal": "selector:*",
    "css-unit-calc": "function:calc",
    "css-variables": "function:var",
    "css-visibility": "value:visibility:hidden",
    "html-align": "attribute:align",
    "html-anchor-links": "link:#",
    "html-image-maps": "attribute:usemap",
    "html-link": "element:link",
    "html-lists": "element:ul element:ol element:dl",
    "html-loading-attribute": "attribute:loading",
    "html-mailto-links": "link:mailto",
    "html-popover": "attribute:popover",
    "html-srcset": "attribute:srcset",
    "image-base64": "image:data",
    "image-heif": "image:heif image:heic",
    "image-jpg": "image:jpg image:jpeg",
    "image-mp4": "image:mp4",
    "image-tiff": "image:tiff image:tif",
}

# What is found for each of the rest, by how its name begins.
BEGINNINGS = [
    ("css-at-media-", "media:"),
    ("css-at-", "at:"),
    ("css-function-", "function:"),
    ("css-pseudo-class-", "pseudo:"),
    ("css-pseudo-element-", "pseudo:"),
    ("css-unit-", "unit:"),
    ("css-", "property:"),
    ("image-", "image:"),
]


def found_by(feature):
    slug = feature["slug"]
    if slug in FOUND_BY:
        return FOUND_BY[slug]
    if element := re.match(r"<(\w+)> element|^<base>", feature["title"]):
        return f"element:{element.group(1)}"
    if attribute := re.match(r"([\w-]+) attribute", feature["title"]):
        return f"attribute:{attribute.group(1)}"
    for beginning, kind in BEGINNINGS:
        if slug.startswith(beginning):
            return kind + slug.removeprefix(beginning)
    return f"element:{slug.removeprefix('html-')}"


def support(feature, client):
    """What the newest version tested does: `y`, `n`, `a` (in part) or `u` (nobody knows)."""
    family, platform = client.split(".")
    versions = feature["stats"].get(family, {}).get(platform, {})
    return list(versions.values())[-1].split()[0] if versions else "u"


def impact(slug):
    return "content" if slug in CONTENT else "layout" if slug in LAYOUT else "style"


def main():
    data = json.load(open(sys.argv[1], encoding="utf-8"))
    known = {feature["slug"] for feature in data["data"]}
    for name in [*CONTENT, *LAYOUT, *LEFT_OUT, *NOT_MISSED, *FOUND_BY]:
        if name not in known:
            print(f"no feature {name}", file=sys.stderr)
    print("# What programs that read mail support, from https://www.caniemail.com.")
    print("# Copyright (c) 2019 Rémi Parmentier, MIT licence; see docs/LINT.md.")
    print(f"# Data of {data['last_update_date'][:10]}; made by tests/peers/caniemail.py.")
    print("# For each client, in its newest version tested: y yes, a in part, n no, u unknown.")
    print("\t".join(["feature", "title", "impact", "found by", *CLIENTS]))
    print("\t".join(["", "", "", "", *CLIENTS.values()]))
    for feature in sorted(data["data"], key=lambda feature: feature["slug"]):
        cells = [support(feature, client) for client in CLIENTS]
        slug = feature["slug"]
        is_left_out = feature["category"] == "others" or slug in LEFT_OUT or slug in NOT_MISSED
        if is_left_out or not {"n", "a"} & set(cells):
            continue
        print("\t".join([slug, feature["title"].strip(), impact(slug), found_by(feature), *cells]))


main()
