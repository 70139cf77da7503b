"""Display adapters: PCI class 03xx, or a DRM device on another bus."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from openesm.host.network import PCI_ADDRESS
from openesm.host.tree import Tree, label, number

_PCI = "sys/bus/pci/devices"
_DRM = "sys/class/drm"
_FB = "sys/class/graphics/fb0"
_ID_LISTS = ("usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids")
_MEMORY_BAR, _PREFETCHABLE = 0x200, 0x2000  # IORESOURCE_MEM, IORESOURCE_PREFETCH
_BARS = 6
_CARD = re.compile(r"card\d+\Z")
_MODE = re.compile(r"(\d{1,5})x(\d{1,5})")


@dataclass(frozen=True, slots=True)
class DisplayController:
    """`device_id` is the PCI address, or the DRM name of one that has none. `memory` in bytes."""

    device_id: str
    place: str
    pci_address: str | None
    vendor_id: str | None
    product_id: str | None
    vendor: str | None
    product: str | None
    driver: str | None
    driver_version: str | None
    memory: int | None


@dataclass(frozen=True, slots=True)
class Screen:
    width: int | None = None
    height: int | None = None
    bits_per_pixel: int | None = None


def read_controllers(tree: Tree) -> Iterator[DisplayController]:
    pci = [name for name in tree.names(_PCI) if (tree.line(f"{_PCI}/{name}/class") or "").startswith("0x03")]
    for name in pci:
        yield _controller(tree, name, f"{_PCI}/{name}", name)
    for card in filter(_CARD.match, tree.names(_DRM)):
        if not PCI_ADDRESS.match(tree.link_name(f"{_DRM}/{card}/device") or ""):
            yield _controller(tree, card, f"{_DRM}/{card}/device", None)


def _controller(tree: Tree, device_id: str, place: str, address: str | None) -> DisplayController:
    vendor_id = _hex_id(tree, f"{place}/vendor") if address else None
    product_id = _hex_id(tree, f"{place}/device") if address else None
    vendor, product = read_names(tree, vendor_id, product_id)
    driver = tree.link_name(f"{place}/driver")
    return DisplayController(
        device_id=device_id,
        place=place,
        pci_address=address,
        vendor_id=vendor_id,
        product_id=product_id,
        vendor=vendor,
        product=product,
        driver=driver,
        driver_version=tree.label(f"sys/module/{driver}/version") if driver else None,
        memory=tree.number(f"{place}/mem_info_vram_total") or largest_bar(tree.text(f"{place}/resource")),
    )


def _hex_id(tree: Tree, path: str) -> str | None:
    value = tree.number(path, 16)
    return f"{value:04x}" if value is not None and value <= 0xFFFF else None


def largest_bar(resource: str | None) -> int | None:
    """Bytes of the largest prefetchable memory region of `resource`, or of the largest memory region."""
    sizes: dict[bool, int] = {}
    for line in (resource or "").splitlines()[:_BARS]:
        start, end, flags = ([number(word, 16) for word in line.split()] + [None] * 3)[:3]
        if (
            start is not None
            and end is not None
            and flags is not None
            and flags & _MEMORY_BAR
            and end > start
        ):
            prefetchable = bool(flags & _PREFETCHABLE)
            sizes[prefetchable] = max(sizes.get(prefetchable, 0), end - start + 1)
    return sizes.get(True, sizes.get(False))


def read_names(tree: Tree, vendor_id: str | None, product_id: str | None) -> tuple[str | None, str | None]:
    """The names of pci.ids, where the machine has that list."""
    if vendor_id is None:
        return None, None
    lists = (tree.text(path) for path in _ID_LISTS)
    content = next((text for text in lists if text is not None), "")
    vendor = re.search(rf"^{vendor_id}  (.*)\n((?:[\t#].*\n|\n)*)", content, re.MULTILINE)
    if vendor is None:
        return None, None
    product = re.search(rf"^\t{product_id}  (.*)$", vendor[2], re.MULTILINE)
    return label(vendor[1]), label(product[1]) if product else None


def read_screen(tree: Tree, controller: DisplayController, only_one: bool) -> Screen:
    """What the adapter shows now: the mode of its connected output, else that of the frame buffer."""
    width, height = _mode(tree, controller)
    owner = tree.real(f"{_FB}/device").rpartition("/")[2] if tree.exists(f"{_FB}/device") else None
    if owner != controller.device_id and not (only_one and tree.exists(_FB)):
        return Screen(width, height)
    size = re.match(r"(\d{1,5}),(\d{1,5})", tree.line(f"{_FB}/virtual_size") or "")
    bits = tree.number(f"{_FB}/bits_per_pixel")
    return Screen(
        width or (int(size[1]) if size else None),
        height or (int(size[2]) if size else None),
        bits if bits and bits < 256 else None,
    )


def _mode(tree: Tree, controller: DisplayController) -> tuple[int | None, int | None]:
    names = tree.names(_DRM)
    cards = [
        card
        for card in filter(_CARD.match, names)
        if controller.device_id in (card, tree.link_name(f"{_DRM}/{card}/device"))
    ]
    for output in (name for name in names for card in cards if name.startswith(f"{card}-")):
        mode = _MODE.match(tree.text(f"{_DRM}/{output}/modes") or "")
        if mode and tree.line(f"{_DRM}/{output}/status") != "disconnected":
            return int(mode[1]), int(mode[2])
    return None, None
