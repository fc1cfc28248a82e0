package check

import (
	"fmt"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// types make an empty object of each kind that is deployed.
var types = map[string]func() metav1.Object{
	"apps/v1/Deployment":                      func() metav1.Object { return &appsv1.Deployment{} },
	"autoscaling/v2/HorizontalPodAutoscaler":  func() metav1.Object { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"batch/v1/Job":                            func() metav1.Object { return &batchv1.Job{} },
	"v1/ConfigMap":                            func() metav1.Object { return &corev1.ConfigMap{} },
	"v1/Service":                              func() metav1.Object { return &corev1.Service{} },
	"v1/ServiceAccount":                       func() metav1.Object { return &corev1.ServiceAccount{} },
	"networking.k8s.io/v1/Ingress":            func() metav1.Object { return &networkingv1.Ingress{} },
	"networking.k8s.io/v1/NetworkPolicy":      func() metav1.Object { return &networkingv1.NetworkPolicy{} },
	"policy/v1/PodDisruptionBudget":           func() metav1.Object { return &policyv1.PodDisruptionBudget{} },
	"monitoring.coreos.com/v1/ServiceMonitor": func() metav1.Object { return &monitoringv1.ServiceMonitor{} },
	"monitoring.coreos.com/v1/PrometheusRule": func() metav1.Object { return &monitoringv1.PrometheusRule{} },
}

// Object is an object as Kubernetes would decode it.
type Object struct {
	metav1.Object

	Kind string
	Text string
}

// Decode decodes a text of objects as Kubernetes' own types, and refuses fields that
// they do not have and fields that are there twice.
func Decode(text string) ([]Object, error) {
	var all []Object
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		object, err := decode(document)
		if err != nil {
			return nil, fmt.Errorf("%w\n%s", err, document)
		}
		all = append(all, object)
	}
	return all, nil
}

func decode(document string) (Object, error) {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
		return Object{}, err
	}
	empty, known := types[kind.APIVersion+"/"+kind.Kind]
	if !known {
		return Object{}, fmt.Errorf("%s/%s is of no kind that is known here", kind.APIVersion, kind.Kind)
	}
	object := empty()
	if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
		return Object{}, fmt.Errorf("%s: %w", kind.Kind, err)
	}
	return Object{Object: object, Kind: kind.Kind, Text: document}, nil
}

// Of are those of the objects that are of type T.
func Of[T metav1.Object](all []Object) []T {
	var of []T
	for _, o := range all {
		if typed, ok := o.Object.(T); ok {
			of = append(of, typed)
		}
	}
	return of
}

// Pod is the template of an object that makes pods, and its name.
type Pod struct {
	Name string
	Spec corev1.PodSpec
	Meta metav1.ObjectMeta
}

// Pods are what all of the objects make.
func Pods(all []Object) []Pod {
	deployments, jobs := Of[*appsv1.Deployment](all), Of[*batchv1.Job](all)
	pods := make([]Pod, 0, len(deployments)+len(jobs))
	for _, d := range deployments {
		pods = append(pods, Pod{d.Name, d.Spec.Template.Spec, d.Spec.Template.ObjectMeta})
	}
	for _, j := range jobs {
		pods = append(pods, Pod{j.Name, j.Spec.Template.Spec, j.Spec.Template.ObjectMeta})
	}
	return pods
}
