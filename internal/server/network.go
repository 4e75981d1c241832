package server

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// LAN has the page's URLs for other devices, the likeliest first: those of the moment, after Listen. There are some
// only with Config.LAN.
func (s *Server) LAN() []string {
	if !s.config.LAN {
		return nil
	}
	link := s.config.Link
	if link == nil {
		link = func(address string) string { return "http://" + address }
	}
	return networkURLs(s.page, link)
}

// networkURLs are those under which other devices reach what is at this address, the likeliest first.
func networkURLs(address string, link func(address string) string) (urls []string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil
	}
	addresses := networkAddresses()
	if ip, err := netip.ParseAddr(host); err == nil {
		// One address was asked for, so the others do not reach the page.
		addresses = slices.DeleteFunc(addresses, func(a netip.Addr) bool { return a != ip.Unmap() })
	}
	for _, addr := range addresses {
		urls = append(urls, link(net.JoinHostPort(addr.String(), port)))
	}
	return slices.Compact(urls) // a certificate's name stands for several addresses
}

// networkAddresses are this machine's addresses that others in its network can reach: IPv4 if there is any,
// since people may have to type one, and not those of networks that exist inside this machine only.
func networkAddresses() []netip.Addr {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var found []netip.Addr
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || isVirtual(i.Name) {
			continue
		}
		networks, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, network := range networks {
			prefix, err := netip.ParsePrefix(network.String())
			if err == nil && prefix.Addr().IsGlobalUnicast() {
				found = append(found, prefix.Addr().Unmap())
			}
		}
	}
	if slices.ContainsFunc(found, netip.Addr.Is4) {
		found = slices.DeleteFunc(found, netip.Addr.Is6)
	}
	slices.SortStableFunc(found, func(a, b netip.Addr) int {
		return -cmp.Compare(priority(a), priority(b))
	})
	return found
}

// priority prefers the addresses of home and office networks.
func priority(addr netip.Addr) int {
	if addr.IsPrivate() {
		return 1
	}
	return 0
}

func isVirtual(name string) bool {
	for _, prefix := range []string{"docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "cni", "flannel"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
