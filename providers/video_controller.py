"""Display adapters (CIM-2)."""

from dataclasses import dataclass

from openesm.cim.provider import Provider, Row
from openesm.host import Host
from openesm.host.pci import DisplayController, Screen


@dataclass(frozen=True, slots=True)
class Video:
    controller: DisplayController
    screen: Screen


def read(host: Host) -> list[Video]:
    return [Video(controller, host.screen(controller)) for controller in host.display_controllers()]


def instance(video: Video) -> Row:
    controller, screen = video.controller, video.screen
    names = (controller.vendor, controller.product)
    name = " ".join(filter(None, names)) or controller.device_id
    return {
        "DeviceID": controller.device_id,
        "Name": name,
        "ElementName": name,
        "Caption": name,
        "OperationalStatus": [2],
        "HealthState": 5,
        "EnabledState": 2,
        "InstallDate": None,
        "TimeOfLastStateChange": None,
        "VideoProcessor": controller.product,
        "PCIAddress": controller.pci_address,
        "VendorID": controller.vendor_id,
        "ProductID": controller.product_id,
        "Driver": controller.driver,
        "DriverVersion": controller.driver_version,
        "VideoMemorySize": controller.memory,
        "HorizontalResolution": screen.width,
        "VerticalResolution": screen.height,
        "BitsPerPixel": screen.bits_per_pixel,
    }


PROVIDER = Provider(
    classname="ESM_VideoController",
    read=read,
    instance=instance,
    element=lambda video: video.controller.device_id,
)
