# SPDX-License-Identifier: MIT
#
# cloud_init.py USER-DATA FILE   writes FILE as cloud-init's own module "ntp" does, with its defaults for the
# client reqtime; then prints the commands that the module gives to the package manager and to systemd.
import sys

import yaml
from cloudinit.config import cc_ntp

with open(sys.argv[1], encoding="utf-8") as file:
    data = yaml.safe_load(file)
cc_ntp.supplemental_schema_validation(data["ntp"]["config"])
config = data["ntp"]["config"]
cc_ntp.write_ntp_config_template(
    "debian", service_name=config["service_name"], servers=data["ntp"].get("servers", []),
    pools=data["ntp"].get("pools", []), path=sys.argv[2], template=config["template"])
print("confpath", config["confpath"])
print("packages", *config["packages"])
print("service", config["service_name"])
print("program", config["check_exe"])
